import pulumi
import pulumi_openstack as openstack

config = pulumi.Config()


def named(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ != "openstack:networking/port:Port":
        return None
    return pulumi.ResourceTransformResult({**args.props, "tags": ["looking"]}, args.opts)


pulumi.runtime.register_stack_transform(named)

other = pulumi.StackReference(config.require("other"))
theirs = openstack.networking.Network.get("theirs", other.require_output("network"))
subnet = openstack.networking.get_subnet_output(network_id=theirs.id)
flavor = openstack.compute.get_flavor(name="yg.c1m1")
images = openstack.images.get_image_ids(name_regex="^CentOS")

made = pulumi.ResourceHook("made", lambda args: print(f"made {args.name}"))
port = openstack.networking.Port(
    "port",
    name="beside-theirs",
    network_id=theirs.id,
    fixed_ips=[{"subnet_id": subnet.id}],
    opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[made])),
)
found = openstack.networking.get_port_output(port_id=port.id)

pulumi.export("description", theirs.description)
pulumi.export("gateway", subnet.gateway_ip)
pulumi.export("vcpus", flavor.vcpus)
pulumi.export("images", len(images.ids))
pulumi.export("mac", found.mac_address.apply(lambda mac: mac == mac.lower()))
pulumi.export("word", other.require_output("word"))
