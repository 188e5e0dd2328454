"""A Salesforce org that speaks the real wire format, for tests and the sandbox.

In a test:

    async with SalesforceSimulator(now=..., frozen=True) as sf:      # from .server
        sf.url, sf.app.client_id, sf.app.client_secret               # what a connection needs
        sf.people.update(record_id, {"Deal_Room_URL__c": "..."})     # a person edits in Salesforce
        sf.clock.advance(timedelta(days=1))
        sf.faults.add("/query", preset="unknown_exception", first=2) # see faults.PRESETS
        sf.org.configure({"commit_delay_seconds": 300})              # see settings.Settings
        sf.log.matching("PATCH .*/Opportunity")

As a process: `python -m tests.simulators.salesforce --port 0 --state DIR`; the same is then under
`/__control/` (see control_api and tests.simulators.control). The sandbox's people are in `people`,
its awkward records in `landmarks`.

Not simulated: Change Data Capture, SOAP, Apex, SOSL, GROUP BY, record types, several currencies.
"""
