from rest_framework.routers import DefaultRouter

from benchmarks.stock.api import MemberViewSet

router = DefaultRouter(trailing_slash=False)
router.register("team-members", MemberViewSet)
urlpatterns = router.urls
