import pulumi

pulumi.CustomResource("t:m:Thing", "before", {})
raise LookupError("no such zone")
pulumi.CustomResource("t:m:Thing", "after", {})
