"""The JSON Schema of SystemSpec, for editors and other programs. `python -m controller.estate.schema` prints it.

It stands in docs/spec.schema.json (a test keeps it current) and in every estate, beside the files that it describes.
"""

from __future__ import annotations

import json
import sys

from controller.domain.spec import SystemSpec


def spec_schema() -> str:
    """Canonical text of the schema."""
    schema = SystemSpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(spec_schema())
