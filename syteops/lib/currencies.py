"""Currencies (ISO 4217, list one, as of 2026): code, name and exponent; and exact arithmetic.

The exponent is how many decimals an amount has: none in yen, three in dinars. Left out are the
codes in which nobody writes an estimate: metals, bond and fund units, testing codes.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

USUAL_EXPONENT = 2
# Enough for any sum of any amounts here: no step before the last one rounds.
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)

_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

_NAMES = """
AED UAE Dirham|AFN Afghani|ALL Lek|AMD Armenian Dram|AOA Kwanza|ARS Argentine Peso
AUD Australian Dollar|AWG Aruban Florin|AZN Azerbaijan Manat|BAM Convertible Mark
BBD Barbados Dollar|BDT Taka|BHD Bahraini Dinar|BIF Burundi Franc|BMD Bermudian Dollar
BND Brunei Dollar|BOB Boliviano|BRL Brazilian Real|BSD Bahamian Dollar|BTN Ngultrum|BWP Pula
BYN Belarusian Ruble|BZD Belize Dollar|CAD Canadian Dollar|CDF Congolese Franc|CHF Swiss Franc
CLF Unidad de Fomento|CLP Chilean Peso|CNY Yuan Renminbi|COP Colombian Peso
CRC Costa Rican Colon|CUP Cuban Peso|CVE Cabo Verde Escudo|CZK Czech Koruna|DJF Djibouti Franc
DKK Danish Krone|DOP Dominican Peso|DZD Algerian Dinar|EGP Egyptian Pound|ERN Nakfa
ETB Ethiopian Birr|EUR Euro|FJD Fiji Dollar|FKP Falkland Islands Pound|GBP Pound Sterling
GEL Lari|GHS Ghana Cedi|GIP Gibraltar Pound|GMD Dalasi|GNF Guinean Franc|GTQ Quetzal
GYD Guyana Dollar|HKD Hong Kong Dollar|HNL Lempira|HTG Gourde|HUF Forint|IDR Rupiah
ILS New Israeli Sheqel|INR Indian Rupee|IQD Iraqi Dinar|IRR Iranian Rial|ISK Iceland Krona
JMD Jamaican Dollar|JOD Jordanian Dinar|JPY Yen|KES Kenyan Shilling|KGS Som|KHR Riel
KMF Comorian Franc|KPW North Korean Won|KRW Won|KWD Kuwaiti Dinar|KYD Cayman Islands Dollar
KZT Tenge|LAK Lao Kip|LBP Lebanese Pound|LKR Sri Lanka Rupee|LRD Liberian Dollar|LSL Loti
LYD Libyan Dinar|MAD Moroccan Dirham|MDL Moldovan Leu|MGA Malagasy Ariary|MKD Denar|MMK Kyat
MNT Tugrik|MOP Pataca|MRU Ouguiya|MUR Mauritius Rupee|MVR Rufiyaa|MWK Malawi Kwacha
MXN Mexican Peso|MYR Malaysian Ringgit|MZN Mozambique Metical|NAD Namibia Dollar|NGN Naira
NIO Cordoba Oro|NOK Norwegian Krone|NPR Nepalese Rupee|NZD New Zealand Dollar|OMR Rial Omani
PAB Balboa|PEN Sol|PGK Kina|PHP Philippine Peso|PKR Pakistan Rupee|PLN Zloty|PYG Guarani
QAR Qatari Rial|RON Romanian Leu|RSD Serbian Dinar|RUB Russian Ruble|RWF Rwanda Franc
SAR Saudi Riyal|SBD Solomon Islands Dollar|SCR Seychelles Rupee|SDG Sudanese Pound
SEK Swedish Krona|SGD Singapore Dollar|SHP Saint Helena Pound|SLE Leone|SOS Somali Shilling
SRD Surinam Dollar|SSP South Sudanese Pound|STN Dobra|SVC El Salvador Colon|SYP Syrian Pound
SZL Lilangeni|THB Baht|TJS Somoni|TMT Turkmenistan Manat|TND Tunisian Dinar|TOP Pa’anga
TRY Turkish Lira|TTD Trinidad and Tobago Dollar|TWD New Taiwan Dollar|TZS Tanzanian Shilling
UAH Hryvnia|UGX Uganda Shilling|USD US Dollar|UYI Unidad Indexada|UYU Peso Uruguayo
UYW Unidad Previsional|UZS Uzbekistan Sum|VED Bolívar Digital|VES Bolívar Soberano|VND Dong
VUV Vatu|WST Tala|XAF CFA Franc BEAC|XCD East Caribbean Dollar|XCG Caribbean Guilder
XOF CFA Franc BCEAO|XPF CFP Franc|YER Yemeni Rial|ZAR Rand|ZMW Zambian Kwacha|ZWG Zimbabwe Gold
"""

NAMES: dict[str, str] = {
    entry[:3]: entry[4:] for line in _NAMES.strip().splitlines() for entry in line.split("|")
}
EXPONENTS: dict[str, int] = dict.fromkeys(NAMES, USUAL_EXPONENT) | {
    code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()
}
CODES: tuple[str, ...] = tuple(NAMES)


def choices() -> list[tuple[str, str]]:
    """Code and label of each currency, for a form."""
    return [(code, f"{code} – {name}") for code, name in NAMES.items()]


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount with the currency's decimals, rounded half up (half away from zero)."""
    return amount.quantize(Decimal(1).scaleb(-EXPONENTS[currency]), context=_EXACT)


def product(one: Decimal, other: Decimal, currency: str) -> Decimal:
    """`one` times `other`, rounded once."""
    return rounded(_EXACT.multiply(one, other), currency)


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The sum of amounts of one currency."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return rounded(result, currency)
