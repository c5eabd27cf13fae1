from django.urls import path

from estimates.pages import client_page

app_name = "estimates"
urlpatterns = [path("e/<str:token>", client_page, name="client")]
