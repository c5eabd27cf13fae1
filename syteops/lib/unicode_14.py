"""The characters of Unicode 14 that folding changes, or sorts: what is stored folded stays right.

Unicode never changes how a character is folded that it has, but has new ones every year, and each
Python another year's. Without this list a text with a new one would fold otherwise after an upgrade
of Python: it would be searched, ordered and unique by something else than what is stored, and the
audit trail, which verifies what is stored, would look altered. So whatever came after Unicode 14,
that of Python 3.11, folds to itself on every Python. Adding a character here changes that: it takes
a migration which folds the stored texts anew.

What folds to itself anyway is in some ranges and not in others, so that they are few.
"""

_RANGES = """
41-376 37a-37f 384-38a 38c 38e-3a1 3a3-52e 531-556 587 591-5c7 610-6ed 711-74a 7eb-7f3 7fd-82d
859-85b 898-95f 9bc 9cb-9cd 9dc-9dd 9df 9fe a33 a36 a3c a4d a59-a5b a5e abc acd b3c b48 b4b-b4d
b5c-b5d b94 bca-bcd c3c c48 c4d c55-c56 cbc-cc0 cc7-cc8 cca-ccd d3b-d3c d4a-d4d dca dda-dde
e33-e3a e48-e4b eb3-eba ec8-ecb edc-edd f0c-f43 f4d-f69 f71-f93 f9d-fb9 fc6 1026-10c5 10c7 10cd
10fc-1160 135d-135f 13f8-13fd 1714-1715 1734 17b4-17dd 180b-180f 18a9 1939-193b 1a17-1a18
1a60-1a7c 1a7f 1ab0-1ace 1b06-1b44 1b6b-1b73 1baa-1bf3 1c37 1c80-1c88 1c90-1cba 1cbd-1cbf
1cd0-1cf9 1d2c-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4
1fb6-1fc4 1fc6-1fd3 1fd6-1fdb 1fdd-1fef 1ff2-1ff4 1ff6-1ffe 2000-2071 2074-208e 2090-209c 20a8
20d0-20f0 2100-2189 219a-232a 2460-2adc 2c00-2cf2 2d6f 2d7f 2de0-2dff 2e9f-2ef3 2f00-2fd5
3000-303a 304c-3094 3099-30ff 3131-318e 3192-319f 3200-321e 3220-33ff a640-a6f1 a722-a7c9 a7d0
a7d6-a7d8 a7f2-a82c a8c4 a8e0-a953 a9b3-a9c0 aab0-aac1 aaf6 ab5c-ab69 ab70-abed ac00-d7a3
f900-fa6d fa70-fad9 fb00-fb06 fb13-fb17 fb1d-fb36 fb38-fb3c fb3e fb40-fb41 fb43-fb44 fb46-fbb1
fbd3-fd8f fd92-fdc7 fdf0-fe19 fe20-fe52 fe54-fe66 fe68-fe6b fe70-fe74 fe76-fefc feff ff01-ffbe
ffc2-ffc7 ffca-ffcf ffd2-ffd7 ffda-ffdc ffe0-ffe6 ffe8-ffee fff0-fff8 101fd 102e0 10376-1037a
10400-10427 104b0-104d3 10570-1057a 1057c-1058a 1058c-10592 10594-10595 10781-10785 10787-107b0
107b2-107ba 10a0d-10a0f 10a38-10a3a 10a3f 10ae5-10ae6 10c80-10cb2 10d24-10d27 10eab-10eac
10f46-10f50 10f82-10f85 11046 11070 1107f-110ba 11100-11134 11173 111c0-111ca 11235-11236
112e9-112ea 1133b-1133c 1134b-1134d 11366-1136c 11370-11374 11442-11446 1145e 114bb-114c3
115ba-115c0 1163f 116b6-116b7 1172b 11839-1183a 118a0-118bf 11938 1193d-11943 119e0 11a34-11a47
11a99 11c3f 11d42-11d45 11d97 16af0-16af4 16b30-16b36 16e40-16e5f 16ff0-16ff1 1bc9e-1bca3
1d15e-1d1c0 1d242-1d244 1d400-1d454 1d456-1d49c 1d49e-1d49f 1d4a2 1d4a5-1d4a6 1d4a9-1d4ac
1d4ae-1d4b9 1d4bb 1d4bd-1d4c3 1d4c5-1d505 1d507-1d50a 1d50d-1d514 1d516-1d51c 1d51e-1d539
1d53b-1d53e 1d540-1d544 1d546 1d54a-1d550 1d552-1d6a5 1d6a8-1d7cb 1d7ce-1d7ff 1e000-1e006
1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e130-1e136 1e2ae 1e2ec-1e2ef 1e8d0-1e8d6
1e900-1e94a 1ee00-1ee03 1ee05-1ee1f 1ee21-1ee22 1ee24 1ee27 1ee29-1ee32 1ee34-1ee37 1ee39 1ee3b
1ee42 1ee47 1ee49 1ee4b 1ee4d-1ee4f 1ee51-1ee52 1ee54 1ee57 1ee59 1ee5b 1ee5d 1ee5f 1ee61-1ee62
1ee64 1ee67-1ee6a 1ee6c-1ee72 1ee74-1ee77 1ee79-1ee7c 1ee7e 1ee80-1ee89 1ee8b-1ee9b 1eea1-1eea3
1eea5-1eea9 1eeab-1eebb 1f100-1f190 1f200-1f202 1f210-1f23b 1f240-1f248 1f250-1f251 1fbf0-1fbf9
2f800-2fa1d e0000-e0fff
"""


def character_class() -> str:
    """All of them, as what stands between the brackets of a pattern."""
    ends = (one.partition("-") for one in _RANGES.split())
    return "".join(f"\\U{int(a, 16):08x}-\\U{int(b or a, 16):08x}" for a, _, b in ends)
