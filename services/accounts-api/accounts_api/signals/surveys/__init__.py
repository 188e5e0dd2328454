"""Surveys: what is asked, of whom, and how often anybody may be asked at all.

Who was asked is `survey_invitations`, what they said `survey_responses`, what it comes to
`survey_results`, the page of a link `survey_pages`.
"""
