from syteops.core.actors import Actor
from syteops.core.demo import seeds
from syteops.team import services
from syteops.team.models import TeamMember

_VIENNA = {"city": "Vienna", "country": "AT", "time_zone": "Europe/Vienna", "language": "de-AT"}
_LISBON = {"city": "Lisbon", "country": "PT", "time_zone": "Europe/Lisbon", "language": "pt-PT"}
_LEEDS = {"city": "Leeds", "country": "GB", "time_zone": "Europe/London", "language": "en-GB"}

# Example domains and numbers that belong to nobody (RFC 2606; Ofcom's numbers for drama).
MEMBERS: tuple[tuple[str, str, str, dict[str, str], dict[str, str]], ...] = (
    ("Ada", "Lindner", "Managing director", _VIENNA, {"001": "hs-1001", "002": "pd-77"}),
    ("Bruno", "Carvalho", "Lead developer", _LISBON, {"001": "hs-1002"}),
    ("Chloe", "Barker", "Head of marketing", _LEEDS, {"001": "hs-1003"}),
    ("Daniel", "Okafor", "Support engineer", _LEEDS, {}),
    ("Elif", "Yilmaz", "Designer", _VIENNA, {}),
    ("Filipa", "Moreira", "Account manager", _LISBON, {"002": "pd-81"}),
)


@seeds("team members", TeamMember)
def seed(actor: Actor) -> int:
    for index, (first, last, title, place, crm_ids) in enumerate(MEMBERS, start=1):
        services.create_team_member(
            actor,
            first_name=first,
            last_name=last,
            job_title=title,
            company_name="Northlight Studio",
            email=f"{first}@northlight.example".lower(),
            phone_number=f"+44 113 496 {index:04d}",
            slack_handle=f"@{first}".lower(),
            website="https://northlight.example",
            crm_ids=crm_ids,
            **place,
        )
    return len(MEMBERS)
