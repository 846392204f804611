"""The real Keystone on 127.0.0.1: serve_keystone.py PORT CONFIGURATION"""
import os
import sys

port, conf = int(sys.argv[1]), sys.argv[2]
sys.argv = ["keystone"]
os.environ["OS_KEYSTONE_CONFIG_FILES"] = conf
os.environ["OS_KEYSTONE_CONFIG_DIR"] = os.path.dirname(conf)
from keystone.server.wsgi import initialize_public_application
from werkzeug.serving import run_simple

run_simple("127.0.0.1", port, initialize_public_application(), threaded=True)
