"""What every contestant's database holds: 1,000 members, 100 of them described in full.

With the roles and CRM systems these make about 3,000 automation variables.
"""

from typing import Any

MEMBERS, DESCRIBED = 1000, 100
ROLES = tuple(f"bench_role_{letter}" for letter in "abcde")
SYSTEMS = ("HubSpot", "Pipedrive", "Zoho")


def members() -> list[dict[str, Any]]:
    """The plain columns of each member, by number from 1."""
    return [described(number) if number <= DESCRIBED else {"city": ""} for number in _numbers()]


def roles_of(number: int) -> list[str]:
    """The slugs of the roles that a member holds."""
    return [ROLES[number % 5], ROLES[(number + 1) % 5]] if number <= DESCRIBED else []


def identifiers_of(number: int) -> dict[int, str]:
    """Who the member is in each CRM system, by the system's number."""
    return {1: f"hs-{number}", 2: f"pd-{number}"} if number <= DESCRIBED else {}


def described(number: int) -> dict[str, Any]:
    """A member with what a site usually knows."""
    return {
        "first_name": f"Maria {number}",
        "last_name": "Muster-Huber",
        "nickname": "Mia",
        "job_title": "Head of Marketing",
        "company_name": "Example & Söhne GmbH",
        "email": f"maria{number}@example.com",
        "email_alternate": f"m.huber{number}@example.com",
        "phone_number": "+43 1 2345678",
        "phone_mobile": "+43 660 1234567",
        "slack_handle": f"@mia{number}",
        "website": "https://example.com/team/maria",
        "linkedin_url": f"https://www.linkedin.com/in/maria-{number}",
        "address_line_1": "Ringstraße 1",
        "city": "Wien",
        "postal_code": "1010",
        "country": "AT",
        "time_zone": "Europe/Vienna",
        "language": "de-AT",
        "biography": "Has worked on campaigns for fifteen years. " * 4,
    }


def _numbers() -> range:
    return range(1, MEMBERS + 1)
