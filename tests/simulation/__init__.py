"""A year of the platform in minutes: the code of the services, on a real PostgreSQL, under people who are made up.

Nobody waits: time is a number that goes on by itself, and every service is told what it is. What the system does is done by its own code
(the methods of the service classes, run by the chassis, with facts carried from one outbox to the inboxes that read it). What people do
is drawn from a seed. After every step the state is checked against what must always hold.
"""
