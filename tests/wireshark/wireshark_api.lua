-- Stands for Wireshark: loads the plugin and shows it one frame.  Usage: lua wireshark_api.lua PLUGIN KEY [ICMP]
-- KEY and ICMP are hexadecimal: the GRE Key of the frame, and an ICMP message inside.  Prints what the plugin adds.

local plugin, key_text, icmp_text = arg[1], arg[2], arg[3]

local function buffer_of(text)
    local bytes = {}
    for pair in text:gmatch("%x%x") do
        bytes[#bytes + 1] = tonumber(pair, 16)
    end
    return bytes
end

local function range_of(bytes, offset, length)
    assert(offset >= 0 and length > 0 and offset + length <= #bytes, "range outside of the buffer")
    local range = {}
    function range.range(_, from, size)
        assert(from + size <= length, "range outside of the range")
        return range_of(bytes, offset + from, size)
    end
    function range.uint()
        assert(length <= 4, "uint of more than 4 bytes")
        local value = 0
        for position = offset + 1, offset + length do
            value = value * 256 + bytes[position]
        end
        return value
    end
    function range.bytes()
        return table.concat(bytes, " ", offset + 1, offset + length)
    end
    return range
end

local function field_info(name, bytes, offset, length)
    local range = range_of(bytes, offset, length)
    local source = setmetatable({ len = function() return #bytes end }, {
        __call = function(_, from, size) return range_of(bytes, from, size) end,
    })
    return {
        name = name, offset = offset, len = length, range = range, source = source,
        value = length <= 4 and range.uint() or nil,
    }
end

local GRE = buffer_of("20006558" .. key_text)
local ENDS = buffer_of("c0a83202c0a83201")
local source, destination = field_info("ip.src", ENDS, 0, 4), field_info("ip.dst", ENDS, 4, 4)
source.value, destination.value = "192.168.50.2", "192.168.50.1"
local infos = { source, destination, field_info("gre.proto", GRE, 2, 2), field_info("gre.key", GRE, 4, 4) }
if icmp_text then
    local message = buffer_of(icmp_text)
    infos[#infos + 1] = field_info("icmp", message, 0, #message)
    infos[#infos + 1] = field_info("icmp.type", message, 0, 1)
end

local unpack = table.unpack or unpack
local registered, is_running

Field = {
    new = function(name)
        assert(not is_running, "Field.new inside of a dissector")
        return function()
            local found = {}
            for _, info in ipairs(infos) do
                if info.name == name then
                    found[#found + 1] = info
                end
            end
            return unpack(found)
        end
    end,
}

function all_field_infos()
    return unpack(infos)
end

local function new_field(abbreviation, name)
    assert(type(name) == "string", "a field needs a name")
    return { abbreviation = abbreviation }
end

base = { HEX = "hex", DEC = "dec" }
expert = { group = { PROTOCOL = "protocol", RESPONSE_CODE = "response" }, severity = { WARN = "warn", NOTE = "note" } }
ProtoField = { uint8 = new_field, uint24 = new_field, uint32 = new_field, string = new_field }
ProtoExpert = {
    new = function(abbreviation, text, group, severity)
        assert(text and group and severity, "an expert note needs a text, a group and a severity")
        return { abbreviation = abbreviation }
    end,
}
function Proto(name)
    return { is_protocol = true, name = name }
end
function register_postdissector(protocol)
    registered = protocol
end

local function show(format, value)
    -- Numbers must be whole, or Lua 5.3 and later would print 5001.0.
    print(string.format(format, type(value) == "number" and string.format("%d", value) or value))
end

local item = {}
function item.add(_, field, range, value)
    if field.is_protocol then
        show("%s", value)
    else
        show(field.abbreviation .. " %s", value or range.uint())
    end
    return item
end
function item.append_text(_, text)
    show("%s", text)
end
function item.set_generated() end
function item.set_hidden() end
function item.add_proto_expert_info(_, note, text)
    show(note.abbreviation .. " %s", text)
end

dofile(plugin)
is_running = true
registered.dissector({}, { number = 1 }, item)
