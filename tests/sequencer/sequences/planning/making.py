"""Time zones in which days are awkward."""

from zoneinfo import ZoneInfo

from hypothesis import strategies as st

AWKWARD = [
    "Africa/Cairo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Honolulu",
    "UTC",
]
zones = st.sampled_from(AWKWARD).map(ZoneInfo)
