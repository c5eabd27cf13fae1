from django.conf import settings
from django.db import models


class Role(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class CrmSystem(models.Model):
    crm_num = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    user_num = models.CharField(max_length=10, unique=True, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    full_name = models.CharField(max_length=200, blank=True)
    nickname = models.CharField(max_length=100, blank=True)
    job_title = models.CharField(max_length=150, blank=True)
    company_name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    email_alternate = models.EmailField(blank=True)
    email_personal = models.EmailField(blank=True)
    phone_number = models.CharField(max_length=50, blank=True)
    phone_mobile = models.CharField(max_length=50, blank=True)
    phone_map_pref = models.CharField(max_length=50, blank=True)
    slack_handle = models.CharField(max_length=80, blank=True)
    website = models.URLField(max_length=500, blank=True)
    linkedin_url = models.URLField(max_length=500, blank=True)
    address_line_1 = models.CharField(max_length=200, blank=True)
    address_line_2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=35, blank=True)
    link_profile_pic = models.URLField(max_length=500, blank=True)
    profile_picture = models.ImageField(blank=True, max_length=200)
    biography = models.TextField(blank=True)
    notes = models.TextField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    roles = models.ManyToManyField(Role, related_name="members", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("user_num",)

    def __str__(self) -> str:
        return self.full_name or self.user_num


class CrmIdentifier(models.Model):
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="crm_identifiers")
    system = models.ForeignKey(CrmSystem, on_delete=models.CASCADE)
    identifier = models.CharField(max_length=200)

    class Meta:
        unique_together = (("member", "system"),)

    def __str__(self) -> str:
        return self.identifier


class BareKey(models.Model):
    """The bare views' only key, by its SHA-256."""

    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.digest
