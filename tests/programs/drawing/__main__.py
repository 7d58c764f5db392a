"""A network named by chance, and one value of every kind; another `round` draws those anew that keep it."""

import pulumi
import pulumi_random as random
from pulumi_openstack import networking

config = pulumi.Config()
keepers = {"round": config.require("round")}

pet = random.RandomPet("pet", length=3, keepers=keepers)
suffix = random.RandomId("suffix", byte_length=3, prefix="net-")
network = networking.Network("network", name=suffix.hex, description=pet.id)

password = random.RandomPassword("password", length=20, min_numeric=2, keepers=keepers)
text = random.RandomString("text", length=8, special=False)
key = random.RandomBytes("key", length=16)
number = random.RandomInteger("number", min=1, max=6, seed="dice")
order = random.RandomShuffle("order", inputs=["az-1", "az-2", "az-3"], result_count=2)
taken = random.RandomInteger("taken", min=1, max=9, opts=pulumi.ResourceOptions(import_="7,1,9"))
for kind in (random.RandomUuid, random.RandomUuid4, random.RandomUuid7):
    kind(kind.__name__)

pulumi.export("name", network.name)
pulumi.export("pet", pet.id)
pulumi.export("password", password.result)
pulumi.export("hash", password.bcrypt_hash)
pulumi.export("key", key.hex)
pulumi.export("text", text.result)
pulumi.export("drawn", [number.result, taken.result, order.results])
