"""Accounts of the people in the demo, by the part they play."""

APPLICANT = "wei"
AUTHORITY = "dasj"
CENTRE = "zhongxin"
VENDOR = "yunshang"
