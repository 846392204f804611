"""The database: by its address where one is set (in the cloud), else by its socket."""

import os

import psycopg2


def connect():
    address = os.environ.get("DATABASE_URL")
    if address:
        return psycopg2.connect(address, connect_timeout=10)
    names = {"host": "DB_HOST", "dbname": "DB_NAME", "user": "DB_USER"}
    return psycopg2.connect(**{key: os.environ[name] for key, name in names.items()}, connect_timeout=10)
