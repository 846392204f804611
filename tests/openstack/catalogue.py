"""Puts Nova, and what stands in for Glance, into Keystone's catalogue, and prints the project: catalogue.py NOVA-PORT"""
import sys

import openstack

cloud, port = openstack.connect(), sys.argv[1]
for kind, url in (("compute", f"http://127.0.0.1:{port}/v2.1"), ("image", f"http://127.0.0.1:{port}/image")):
    service = cloud.identity.create_service(name=kind, type=kind)
    cloud.identity.create_endpoint(service_id=service.id, interface="public", region_id="RegionOne", url=url)
print(cloud.current_project_id)
