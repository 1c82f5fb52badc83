r"""Hostile texts, each with how it must be shown: literally, as `\x1b`, `\n` or `\u202e`.

Knows what attacks terminals, logs and documents; must not know anything of nvgre_doctor.
"""

from typing import Final

FILE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "title": ("\x1b]0;pwned\x07.pcap", r"\x1b]0;pwned\x07.pcap"),
    "hyperlink": (
        "\x1b]8;;x:y\x1b\\here\x1b]8;;\x1b\\.pcap",
        r"\x1b]8;;x:y\x1b\here\x1b]8;;\x1b\.pcap",
    ),
    "clipboard": ("\x1b]52;c;cHduZWQ=\x07.pcap", r"\x1b]52;c;cHduZWQ=\x07.pcap"),
    "colour": ("\x1b[31;5;7mred\x1b[0m.pcap", r"\x1b[31;5;7mred\x1b[0m.pcap"),
    "erase": ("\x1b[2J\x1b[3J\x1b[Htop.pcap", r"\x1b[2J\x1b[3J\x1b[Htop.pcap"),
    "question": ("\x1b[6n\x1b[c\x05.pcap", r"\x1b[6n\x1b[c\x05.pcap"),
    "other screen": ("\x1b[?1049h\x1b[?25l.pcap", r"\x1b[?1049h\x1b[?25l.pcap"),
    "reset": ("\x1bc\x0f\x0e.pcap", r"\x1bc\x0f\x0e.pcap"),
    "C1": ("\x9b31mred\x9d0;t\x9c\x85.pcap", r"\x9b31mred\x9d0;t\x9c\x85.pcap"),
    "C1 in bytes": (
        b"\x9b31mred\x9c.pcap".decode("utf-8", "surrogateescape"),
        r"\udc9b31mred\udc9c.pcap",
    ),
    "overwrite": (
        "evil.pcap\b\b\b\b\b\b\b\b\bgood.pcap\x7f",
        r"evil.pcap\x08\x08\x08\x08\x08\x08\x08\x08\x08good.pcap\x7f",
    ),
    "new lines": ("a\nb\r\nc\rd\te\vf\fg.pcap", r"a\nb\r\nc\rd\te\x0bf\x0cg.pcap"),
    "separators": ("a\u2028b\u2029c\x1cd\x1ee.pcap", r"a\u2028b\u2029c\x1cd\x1ee.pcap"),
    "github": ("::error file=x,line=1::pwned.pcap", "::error file=x,line=1::pwned.pcap"),
    "github on a new line": ("a\n::error::pwned\n.pcap", r"a\n::error::pwned\n.pcap"),
    "github behind a return": (
        "a\r  ::stop-commands::pwned.pcap",
        r"a\r  ::stop-commands::pwned.pcap",
    ),
    "github escaped": ("a%0A::error::pwned%0D%25.pcap", "a%0A::error::pwned%0D%25.pcap"),
    "github old": ("##[error]pwned.pcap", r"#\x23[error]pwned.pcap"),
    "teamcity": (
        "##teamcity[message text='x' status='ERROR'].pcap",
        r"#\x23teamcity[message text='x' status='ERROR'].pcap",
    ),
    "azure": (
        "##vso[task.setvariable variable=PATH]x.pcap",
        r"#\x23vso[task.setvariable variable=PATH]x.pcap",
    ),
    "right to left": ("\u202egnp.pacp\u202c.pcap", r"\u202egnp.pacp\u202c.pcap"),
    "isolates": (
        "\u2066\u2067\u2068x\u2069\u200f\u061c.pcap",
        r"\u2066\u2067\u2068x\u2069\u200f\u061c.pcap",
    ),
    "invisible": (
        "a\u200b\u200d\u2060\ufeff\u00ad\u3164b.pcap",
        r"a\u200b\u200d\u2060\ufeff\xad\u3164b.pcap",
    ),
    "tags": ("a\U000e0041\U000e007f\ufe0fb.pcap", r"a\U000e0041\U000e007f\ufe0fb.pcap"),
    "no text": (
        b"lone \xff\x80\xc3.pcap".decode("utf-8", "surrogateescape"),
        r"lone \udcff\udc80\udcc3.pcap",
    ),
    "rich": ("[bold red]rich [link=x]y :warning:.pcap", "[bold red]rich [link=x]y :warning:.pcap"),
    "rich broken": ("[] [@click=app.bell] \\[.pcap", "[] [@click=app.bell] \\[.pcap"),
    "html": ("<script>alert(1)<b>&lt;&#0;--><!--.pcap", "<script>alert(1)<b>&lt;&#0;--><!--.pcap"),
    "cdata": ("]]><evil a='b' c=\"d\"><![CDATA[.pcap", "]]><evil a='b' c=\"d\"><![CDATA[.pcap"),
    "link": ("[text](x:y) ![i](x) [r][1] <x:y>.pcap", "[text](x:y) ![i](x) [r][1] <x:y>.pcap"),
    "address": (
        "www.evil.example mail@evil.example.pcap",
        "www.evil.example mail@evil.example.pcap",
    ),
    "mention": ("@octocat #123 org#1 :tada: $x$.pcap", "@octocat #123 org#1 :tada: $x$.pcap"),
    "emphasis": ("**b** __i__ ~~s~~ _u_ *.pcap", "**b** __i__ ~~s~~ _u_ *.pcap"),
    "backticks": ("`a` ``b`` ```c`.pcap", "`a` ``b`` ```c`.pcap"),
    "table": ("| a | b |\\| --- |.pcap", "| a | b |\\| --- |.pcap"),
    "block": ("# - 1. > +.pcap", "# - 1. > +.pcap"),
    "json": ('"},{"a":[\\"\\u0000\\.pcap', '"},{"a":[\\"\\u0000\\.pcap'),
    "format": ("{0} {path} %s %(x)d $HOME `id`.pcap", "{0} {path} %s %(x)d $HOME `id`.pcap"),
    "csv": ("=cmd|'calc'!A1,;\".pcap", "=cmd|'calc'!A1,;\".pcap"),
    "option": ("--output=pwned.pcap", "--output=pwned.pcap"),
    "wide": (
        "\u4e2d\u6587\uff01\U0001f600e\u0301.pcap",
        "\u4e2d\u6587\uff01\U0001f600e\u0301.pcap",
    ),
    "longest": ("n" * 250 + ".pcap", "n" * 250 + ".pcap"),
}
"""What it is -> (the name of a file, how it must be shown)."""

EVIL: Final = "\x1b]0;pwned\x07\x1b[31m\n::error::pwned\r\n##vso[x]y\u202e\x9b1m[/bold]"
SHOWN: Final = r"\x1b]0;pwned\x07\x1b[31m\n::error::pwned\r\n#\x23vso[x]y\u202e\x9b1m[/bold]"
"""One text with the worst of them, and how it must be shown."""
