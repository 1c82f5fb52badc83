-- Wireshark post-dissector for the GRE Key of NVGRE: shows what it means under both layouts.
--
--   draft-00 (September 2011), "old":      reserved octet, must be 0 | TNI (24 bits)
--   draft-02 to RFC 7637, "current":       VSID (24 bits)            | FlowID (8 bits)
--
-- A key that a host sent is in nvgre.*, a key that an ICMP error quotes is in nvgre.quoted and nvgre.quoted.*: a filter
-- on nvgre.tni finds who sent it, not who complained about it.  The readings are those of wire/layouts.py, judged by
-- value alone; only messages from host to host (UNREACHABLE, REDIRECT) are "control" whatever key they carry.
--
-- For Wireshark 3.6 to 4.6, which means Lua 5.1 to 5.4: no bit libraries, no integer operators.

if package.loaded["nvgre-doctor"] then
    return -- once from the plugins folder and once more with -X lua_script: a second protocol of the name is an error
end
package.loaded["nvgre-doctor"] = true

local GRE_PROTOCOL = 0x6558 -- transparent Ethernet bridging (RFC 7637 section 3.2)
local BARE_GRE = 0x20006558 -- flags K=1 and the protocol: how a quote without an IP header begins
local LOWEST_VSID = 0x1000 -- 0..0xFFF are reserved (RFC 7637 section 3.4)
local CONTROL_ID = 0xFFFFFF -- messages from NVE to NVE (RFC 7637 section 3.4)

-- ICMP messages that quote a packet: unreachable, source quench, redirect, time exceeded, parameter problem.
local ICMP_ERRORS = { [3] = true, [4] = true, [5] = true, [11] = true, [12] = true }
-- ICMPv6: unreachable, packet too big, time exceeded, parameter problem, redirect.
local ICMPV6_ERRORS = { [1] = true, [2] = true, [3] = true, [4] = true, [137] = true }

local nvgre = Proto("nvgre", "Network Virtualization using GRE, both key layouts")

local function key_fields(prefix, word)
    return {
        key = ProtoField.uint32(prefix.whole, word .. "GRE Key", base.HEX),
        reserved = ProtoField.uint8(prefix.part .. "reserved", word .. "Reserved octet (draft-00, must be 0)", base.HEX),
        tni = ProtoField.uint24(prefix.part .. "tni", word .. "TNI (draft-00)", base.DEC),
        vsid = ProtoField.uint24(prefix.part .. "vsid", word .. "VSID (RFC 7637)", base.DEC),
        flowid = ProtoField.uint8(prefix.part .. "flowid", word .. "FlowID (RFC 7637)", base.DEC),
        reading = ProtoField.string(prefix.part .. "reading", word .. "Reading"),
    }
end

local sent = key_fields({ whole = "nvgre.key", part = "nvgre." }, "")
local quoted = key_fields({ whole = "nvgre.quoted", part = "nvgre.quoted." }, "Quoted ")

-- For the packet list, one of each in a frame: its outermost addresses, whatever is inside; and of an ICMP error the
-- key that it quotes.
local listed = {
    source = ProtoField.string("nvgre.source", "Outer source"),
    destination = ProtoField.string("nvgre.destination", "Outer destination"),
    about = ProtoField.uint32("nvgre.about", "Key that the frame is about", base.HEX),
    id = ProtoField.string("nvgre.about.id", "VSID or TNI that the frame is about"),
}

local fields = {}
for _, group in ipairs({ sent, quoted, listed }) do
    for _, field in pairs(group) do
        fields[#fields + 1] = field
    end
end
nvgre.fields = fields

local old_only = ProtoExpert.new(
    "nvgre.old_only",
    "Only the old NVGRE layout (draft-00) explains this key",
    expert.group.PROTOCOL,
    expert.severity.WARN
)
local neither = ProtoExpert.new(
    "nvgre.neither",
    "This key is reserved under both NVGRE layouts",
    expert.group.PROTOCOL,
    expert.severity.NOTE
)
local refused = ProtoExpert.new(
    "nvgre.refused",
    "An NVGRE frame was refused as administratively prohibited",
    expert.group.RESPONSE_CODE,
    expert.severity.WARN
)
nvgre.experts = { old_only, neither, refused }

-- Wireshark keeps only fields that somebody asked for: these, so that the walk below meets them.
local wanted = {
    gre_protocol = Field.new("gre.proto"),
    gre_key = Field.new("gre.key"),
    icmp_type = Field.new("icmp.type"),
    icmpv6_type = Field.new("icmpv6.type"),
    ip_source = Field.new("ip.src"),
    ip_destination = Field.new("ip.dst"),
    ipv6_source = Field.new("ipv6.src"),
    ipv6_destination = Field.new("ipv6.dst"),
}

-- Whether IPv6 is the outermost of both IP versions.
local function is_ipv6_outside()
    for _, field in ipairs({ all_field_infos() }) do
        if field.name == "ip.src" or field.name == "ipv6.src" then
            return field.name == "ipv6.src"
        end
    end
end

local function add_ends(tree)
    local source, destination = wanted.ip_source(), wanted.ip_destination()
    local source6 = wanted.ipv6_source()
    if source6 and (not source or is_ipv6_outside()) then
        source, destination = source6, wanted.ipv6_destination()
    end
    if source and destination then
        tree:add(listed.source, source.range, tostring(source.value)):set_hidden()
        tree:add(listed.destination, destination.range, tostring(destination.value)):set_hidden()
    end
end

local function is_usable(network_id)
    return network_id >= LOWEST_VSID and network_id < CONTROL_ID
end

-- What the value of a key says by itself; `range` holds its 4 bytes, network order.
local function reading_of(range)
    local reserved, tni, vsid = range:range(0, 1):uint(), range:range(1, 3):uint(), range:range(0, 3):uint()
    if vsid == CONTROL_ID or (reserved == 0 and tni == CONTROL_ID) then
        return "control"
    end
    local old = reserved == 0 and is_usable(tni)
    local current = is_usable(vsid)
    if old and current then
        return "either"
    elseif old then
        return "draft-00 only"
    elseif current then
        return "RFC 7637 only"
    end
    return "neither"
end

-- What a key means, by its reading: as short as the packet list must have it, and in words.
local function id_of(reading, vsid, tni)
    if reading == "draft-00 only" then
        return "TNI " .. tni, string.format("TNI %d (draft-00 only)", tni)
    elseif reading == "RFC 7637 only" then
        return "VSID " .. vsid, string.format("VSID %d (RFC 7637 only)", vsid)
    elseif reading == "either" then
        return vsid .. " or " .. tni, string.format("VSID %d (RFC 7637) or TNI %d (draft-00)", vsid, tni)
    elseif reading == "control" then
        return reading, "control traffic"
    end
    return reading, "reserved under both layouts"
end

-- Adds the readings of one key; `range` holds its 4 bytes, network order.
local function add_readings(item, group, range, reading, is_about)
    local reserved, tni = range:range(0, 1), range:range(1, 3)
    local vsid, flowid = range:range(0, 3), range:range(3, 1)
    local id, words = id_of(reading, vsid:uint(), tni:uint())
    item:add(group.reserved, reserved)
    item:add(group.tni, tni)
    item:add(group.vsid, vsid)
    item:add(group.flowid, flowid)
    item:add(group.reading, range, reading):set_generated()
    if is_about then
        item:add(listed.about, range):set_hidden()
        item:add(listed.id, range, id):set_hidden()
    end
    item:append_text(", " .. words) -- no wider than half a window of 1,280 pixels
end

-- A key that a host sent.  A message from host to host is control traffic, whatever key it carries: often a copy of the
-- key that it complains about.
local function add_sent(tree, range, is_control, is_about)
    local reading = is_control and "control" or reading_of(range)
    local item = tree:add(nvgre, range, string.format("NVGRE, GRE Key 0x%08x", range:uint()))
    item:add(sent.key, range)
    add_readings(item, sent, range, reading, is_about)
    if reading == "draft-00 only" then
        item:add_proto_expert_info(
            old_only,
            string.format(
                "GRE Key 0x%08x: only the old NVGRE layout (draft-00) explains it, as TNI %d; "
                    .. "or a plain tunnel number of Open vSwitch or Linux",
                range:uint(),
                range:range(1, 3):uint()
            )
        )
    elseif reading == "neither" then
        item:add_proto_expert_info(
            neither,
            string.format("GRE Key 0x%08x is reserved under both NVGRE layouts", range:uint())
        )
    end
    return item
end

local function add_quoted(tree, range, message, is_about)
    local item = tree:add(quoted.key, range)
    add_readings(item, quoted, range, reading_of(range), is_about)
    if message.is_refusal then
        item:add_proto_expert_info(
            refused,
            string.format("An NVGRE frame with GRE Key 0x%08x was refused (%s)", range:uint(), message.name)
        )
    end
end

-- What an ICMP or ICMPv6 error says, and the key behind a bare GRE header in its quote; nil for other messages.
-- `header` and `type_field` are FieldInfo of the protocol and of its type.
local function read_error(header, type_field)
    local kind, is_v6 = type_field.value, type_field.name == "icmpv6.type"
    local source, start = type_field.source, type_field.offset
    if not (is_v6 and ICMPV6_ERRORS or ICMP_ERRORS)[kind] or not source then
        return nil
    end
    -- What follows the message in the frame is padding.
    local stop = source:len()
    if header and header.offset == start and header.len > 0 then
        stop = math.min(stop, start + header.len)
    end
    local message = { is_refusal = false, is_redirect = false }
    if stop >= start + 2 then
        local code = source(start + 1, 1):uint()
        message.name = string.format("%s type %d code %d", is_v6 and "ICMPv6" or "ICMP", kind, code)
        message.is_refusal = (is_v6 and kind == 1 and code == 1) or (not is_v6 and kind == 3 and code == 10)
        message.is_redirect = (is_v6 and kind == 137 and code == 1) or (not is_v6 and kind == 5 and code == 10)
    end
    -- MS-NVGREE 2.2.2 lets UNREACHABLE quote from the GRE header on; Wireshark calls that a bogus IP version.
    if kind ~= 137 and stop >= start + 16 and source(start + 8, 4):uint() == BARE_GRE then
        message.bare_key = source(start + 12, 4)
    end
    return message
end

local function has_error()
    for _, field in ipairs({ wanted.icmp_type() }) do
        if ICMP_ERRORS[field.value] then
            return true
        end
    end
    for _, field in ipairs({ wanted.icmpv6_type() }) do
        if ICMPV6_ERRORS[field.value] then
            return true
        end
    end
    return false
end

-- The exact way: all fields in the order of the headers, whatever was reassembled; all after an ICMP error is its quote.
-- Returns the keys that were sent, those that were quoted, and the error.
local function walk()
    local keys, quotes, message = {}, {}, nil
    local is_nvgre, header, address, carrier = false, nil, nil, nil
    for _, field in ipairs({ all_field_infos() }) do
        local name = field.name
        if name == "ip.src" or name == "ipv6.src" then
            address = tostring(field.range:bytes())
        elseif name == "gre.proto" then
            is_nvgre, carrier = field.value == GRE_PROTOCOL, address
        elseif name == "gre.key" then
            local group = message and quotes or keys
            if is_nvgre then
                group[#group + 1] = field.range
            end
            is_nvgre = false
        elseif name == "icmp" or name == "icmpv6" then
            header = field
        elseif (name == "icmp.type" or name == "icmpv6.type") and not message then
            message = read_error(header, field)
            if message then
                quotes[#quotes + 1] = message.bare_key
                -- A guest answers from its own address, a host from the one that is also outside.
                message.is_from_host = #keys > 0 and address == carrier
            end
        end
    end
    return keys, quotes, message
end

local function dissect_nested(tree)
    local keys, quotes, message = walk()
    local is_control = false
    if message then
        -- No guest can quote an NVGRE header: it never sees one.
        is_control = #quotes > 0 or (message.is_from_host and (message.is_refusal or message.is_redirect))
    end
    for index, range in ipairs(keys) do
        local is_last = index == #keys
        local item = add_sent(tree, range, is_control and is_last, #quotes == 0 and index == 1)
        if is_control and is_last and message.is_refusal and #quotes == 0 then
            item:add_proto_expert_info(
                refused,
                string.format("An NVGRE frame was refused (%s); its GRE Key is not quoted", message.name)
            )
        end
    end
    for index, range in ipairs(quotes) do
        add_quoted(tree, range, message, index == 1)
    end
end

-- Runs on every frame.  The walk costs twenty times as much as asking for one field, so only what needs it gets it.
function nvgre.dissector(_, _, tree)
    add_ends(tree)
    local protocol, another = wanted.gre_protocol()
    if another or has_error() then
        dissect_nested(tree)
    elseif protocol and protocol.value == GRE_PROTOCOL then
        local key = wanted.gre_key()
        if key then -- or the key was cut off
            add_sent(tree, key.range, false, true)
        end
    end
end

register_postdissector(nvgre)
