import pulumi
import pulumi_openstack as openstack

network = openstack.networking.Network("given", name="given", description="given to others")
openstack.networking.Subnet("given", name="given", network_id=network.id, cidr="10.31.0.0/24")
pulumi.export("network", network.id)
pulumi.export("word", pulumi.Output.secret("hush-hush"))
