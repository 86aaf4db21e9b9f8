from services.chassis.migrate import environment

environment()
