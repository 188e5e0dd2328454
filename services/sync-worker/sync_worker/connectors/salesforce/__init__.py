"""Salesforce: customers, their people and their deals, over its REST API."""
