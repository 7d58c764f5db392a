"""The functions of pulumi-openstack that programs call to look things up (`get_image`, `get_network` …)."""
