from syteops.core.modules import ModuleConfig
from syteops.lib.currencies import CODES
from syteops.lib.languages import MAX_LENGTH, PATTERN


class EstimatesConfig(ModuleConfig):
    name = "estimates"
    module_slug = "estimates"
    module_name = "Estimates"
    module_description = "Estimates that clients approve online."
    module_version = "1.0.0"
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "company_name": {
                "type": "string",
                "title": "Company name",
                "description": "Who the estimates are from, on the client's page. If empty: the "
                "name of the site.",
                "maxLength": 150,
                "default": "",
            },
            "language": {
                "type": "string",
                "title": "Language of the estimates",
                "description": "In which they are written, such as en or de-AT (BCP 47). It tells "
                "browsers, readers aloud and the PDF; nothing is translated.",
                "maxLength": MAX_LENGTH,
                "pattern": PATTERN,
                "default": "en",
            },
            "paper": {
                "type": "string",
                "title": "Paper",
                "description": "Of the PDF.",
                "enum": ["A4", "Letter"],
                "default": "A4",
            },
            "currency": {
                "type": "string",
                "title": "Currency of a new estimate",
                "description": "Where none is given (ISO 4217).",
                "enum": list(CODES),
                "default": "USD",
            },
            "tax_percent": {
                "type": "number",
                "title": "Tax on a new line item",
                "description": "In percent, where none is given.",
                "minimum": 0,
                "maximum": 100,
                "default": 0,
            },
            "valid_days": {
                "type": "integer",
                "title": "Days that an estimate is valid",
                "description": "Where no date is given; 0 is without end.",
                "minimum": 0,
                "maximum": 3650,
                "default": 30,
            },
            "number_prefix": {
                "type": "string",
                "title": "Beginning of estimate numbers",
                "description": "As EST in EST-2026-0001. Numbers already given stay.",
                "pattern": "^[A-Z][A-Z0-9]{0,9}$",
                "default": "EST",
            },
            "excerpt_length": {
                "type": "integer",
                "title": "Length of derived excerpts",
                "description": "Characters taken from the content where there is no excerpt.",
                "minimum": 40,
                "maximum": 400,
                "default": 160,
            },
        },
    }
