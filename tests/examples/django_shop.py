"""A Django project in one file: its settings, its views and its addresses."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_logging_config import jinkies_logging

DEBUG = False
ALLOWED_HOSTS = ["testserver"]
SECRET_KEY = "only-for-tests"
ROOT_URLCONF = "django_shop"
MIDDLEWARE = ["django_logging_config.JinkiesMiddleware"]
LOGGING = jinkies_logging()
USE_TZ = True

log = logging.getLogger("shop")


class OrderError(Exception):
    pass


def crash(request: HttpRequest) -> HttpResponse:
    log.info("looking for order %s", request.GET.get("order", "?"))
    basket: dict[str, int] = {}
    return HttpResponse(str(basket["pears"]))


async def crash_async(request: HttpRequest) -> HttpResponse:
    log.info("awaiting order %s", request.GET.get("order", "?"))
    raise OrderError("the oven is cold")


def logged_and_raised(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(str(1 // 0))
    except ZeroDivisionError:
        log.exception("division failed", extra={"labels": {"order": 7}})
        raise


def logged_and_answered(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(str(1 // 0))
    except ZeroDivisionError:
        log.exception("division failed")
        return HttpResponse(status=500)


def sign_in(request: HttpRequest) -> HttpResponse:
    given: Any = request.POST.dict() or json.loads(request.body)
    raise OrderError(f"cannot sign in with {given} and {request.headers.get('Authorization')}")


urlpatterns = [
    path("crash", crash, name="crash"),
    path("crash-async", crash_async, name="crash-async"),
    path("logged-and-raised", logged_and_raised),
    path("logged-and-answered", logged_and_answered),
    path("sign-in", sign_in),
]
