"""What the module has done once an hour."""

from estimates import mailing, reminders
from syteops.core.hourly import hourly

hourly("remind_clients")(reminders.remind)
hourly("give_up_lost_mails")(mailing.give_up_lost)
