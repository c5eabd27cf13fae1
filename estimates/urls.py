from django.urls import path

from estimates.pages import client_page, client_pdf

app_name = "estimates"
urlpatterns = [
    path("e/<str:token>", client_page, name="client"),
    path("e/<str:token>/pdf", client_pdf, name="client_pdf"),
]
