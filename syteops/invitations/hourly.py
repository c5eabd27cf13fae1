"""What invitations have done once an hour."""

from syteops.core.hourly import hourly
from syteops.invitations import mailing

hourly("give_up_lost_invitations")(mailing.give_up_lost)
