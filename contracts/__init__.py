"""What the services promise each other, as data, and what writes it down from their code.

events/<Type>.v<n>.json       JSON Schema of a fact's data, from the producer's strict schema
events/examples/              golden data: loaded by the producer's schema and by every consumer's reading
catalogue.json                who publishes which fact, what it says, who reads it
asyncapi.json                 the same for tools, with exchanges, routing keys and CloudEvents headers
http/<service>.json           OpenAPI of each service and of the gateway
facts.md                      the catalogue for people

All but the examples are written by `python -m services.cli contracts generate`; nothing is edited by hand.
"""
