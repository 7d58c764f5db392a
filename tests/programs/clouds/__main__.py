import pulumi
import pulumi_openstack as openstack

config = pulumi.Config()


class Site(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tests:programs:Site", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.network = openstack.networking.Network(f"{name}-net", name=f"{name}-net", opts=child)
        openstack.networking.Subnet(
            f"{name}-subnet", name=f"{name}-subnet", network_id=self.network.id, cidr="10.8.0.0/24", opts=child
        )


near = Site("near")
elsewhere = openstack.Provider("elsewhere", cloud=config.require("elsewhere"))
far = Site("far", pulumi.ResourceOptions(providers={"openstack": elsewhere}))
pulumi.export("networks", [near.network.id, far.network.id])
