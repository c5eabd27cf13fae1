"""The stock DRF way: a ModelSerializer and a ModelViewSet with prefetch."""

import uuid

from rest_framework import serializers, viewsets

from benchmarks.stock.models import Member


class MemberSerializer(serializers.ModelSerializer[Member]):
    crm_ids = serializers.SerializerMethodField()
    user = serializers.SlugRelatedField(slug_field="username", read_only=True)
    roles = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)

    class Meta:
        model = Member
        fields = (
            "id", "user_num", "first_name", "last_name", "full_name", "nickname", "job_title",
            "company_name", "email", "email_alternate", "email_personal", "phone_number",
            "phone_mobile", "phone_map_pref", "slack_handle", "website", "linkedin_url",
            "address_line_1", "address_line_2", "city", "region", "postal_code", "country",
            "time_zone", "language", "link_profile_pic", "profile_picture", "biography", "notes",
            "crm_ids", "user", "roles", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("user_num",)

    def get_crm_ids(self, member: Member) -> dict[str, str]:
        return {one.system.crm_num: one.identifier for one in member.crm_identifiers.all()}


class MemberViewSet(viewsets.ModelViewSet[Member]):
    queryset = Member.objects.select_related("user").prefetch_related(
        "roles", "crm_identifiers__system"
    )
    serializer_class = MemberSerializer
    lookup_field = "user_num"

    def perform_create(self, serializer: serializers.BaseSerializer[Member]) -> None:
        serializer.save(user_num=uuid.uuid4().hex[:10])
