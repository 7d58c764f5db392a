"""The Pulumi program: a SystemSpec turns into resources on OpenStack. The engine runs it; `pulumi preview` can too."""
