"""What glance keeps."""

from dataclasses import dataclass, field

from sandbox.cloud.store import Collection, Document


@dataclass
class ImageState:
    """Images (their owner under `project_id`, which the API calls `owner`), their bytes, and metadata definitions."""

    images: Collection = field(default_factory=lambda: Collection("image", "name"))
    data: dict[str, bytes] = field(default_factory=dict)
    """Uploaded bytes by image id; a seeded image has a size but no bytes."""
    staged: dict[str, bytes] = field(default_factory=dict)
    members: dict[str, dict[str, Document]] = field(default_factory=dict)
    """Members by image id and project id."""
    tasks: Collection = field(default_factory=lambda: Collection("image_task"))
    namespaces: Collection = field(default_factory=lambda: Collection("metadef_namespace"))
    resource_types: dict[str, Document] = field(default_factory=dict)
