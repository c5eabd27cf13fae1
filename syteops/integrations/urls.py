"""Addresses that integrations answer at."""

from django.urls import path

from syteops.integrations.metrics import metrics

urlpatterns = [path("metrics", metrics)]
