"""What AMD's operator makes of the labels that are generated for every AIM."""

from __future__ import annotations

import json

import pytest

from contract.operator.image_labels import read_labels
from contract.operator.pod_log import Unreadable
from contract.operator.shipped import AIMS, catalog, labels_of, own

DEPLOYMENTS = "com.amd.aim.model.recommendedDeployments"


@pytest.mark.parametrize("aim_id", AIMS)
def test_the_labels_say_what_the_catalogue_says(aim_id: str) -> None:
    labels, aim = labels_of(aim_id), catalog(aim_id).aim
    assert aim is not None
    assert not any("'" in value or "\n" in value for value in labels.values())
    assert all(labels.values()), "an empty label says nothing"
    assert len(labels["org.opencontainers.image.description"]) <= 160
    read, ours = read_labels(labels), aim.com.amd.aim
    assert read.canonical_name == aim_id
    assert (read.title, read.source) == (ours.title, ours.model.source)
    assert read.token_required is ours.hfToken.required
    assert (list(read.tags), list(read.variants)) == (ours.model.tags, ours.model.variants)
    stems = {profile.stem: profile for profile in own(aim_id)}
    for each in read.deployments:
        metadata = stems[each.profile_id].metadata
        assert (each.gpu, each.count) == (metadata.accelerator_model, metadata.accelerator_count)
        assert (each.metric, each.precision) == (metadata.metric, metadata.precision)
    assert len({each.profile_id for each in read.deployments}) == len(read.deployments)


def test_an_apostrophe_is_a_quote_to_the_operator() -> None:
    good = json.dumps([{"gpuModel": "MI300X", "gpuCount": 1, "description": "Fast"}])
    assert read_labels({DEPLOYMENTS: good}).deployments[0].gpu == "MI300X"
    assert read_labels({DEPLOYMENTS: good.replace('"', "'")}).deployments[0].count == 1
    for wrong in (good.replace("Fast", "Cohere's"), good.replace("1", '"1"'), "{}"):
        with pytest.raises(Unreadable):
            read_labels({DEPLOYMENTS: wrong})
