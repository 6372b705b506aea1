"""The InferencePool against the definition of its kind, where that is at hand: it is not ours to keep."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from contract.plans import manifests, planned

CRDS = Path(__file__).parents[3] / "shared" / "crds"
POOL = CRDS / "inference.networking.k8s.io_inferencepools.yaml"


@pytest.mark.skipif(not POOL.is_file(), reason="no definitions of custom resources beside this checkout")
def test_a_pool_is_as_its_definition_says(tmp_path: Path) -> None:
    versions = yaml.safe_load(POOL.read_text(encoding="utf-8"))["spec"]["versions"]
    [schema] = [each["schema"]["openAPIV3Schema"] for each in versions if each["name"] == "v1"]
    objects = manifests(planned("cohere-mi300x", tmp_path), inference_pool=True)
    [pool] = [each for each in objects if each["kind"] == "InferencePool"]
    jsonschema.validate(pool, schema)
    assert pool["spec"].keys() <= schema["properties"]["spec"]["properties"].keys()
    picker = schema["properties"]["spec"]["properties"]["endpointPickerRef"]["properties"]
    assert pool["spec"]["endpointPickerRef"].keys() <= picker.keys()
    pool["spec"]["targetPorts"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(pool, schema)
