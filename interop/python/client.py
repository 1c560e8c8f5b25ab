"""Calls every method of the service with stubs that grpcio-tools made from proto/.

INTEROP_TARGET is the server's gRPC address, INTEROP_CERTS_DIR the folder with ca.crt, client.crt, client.key and token.
"""

import os
import sys
from pathlib import Path

import grpc
from google.rpc.error_details_pb2 import BadRequest
from kuscia.proto.api.v1alpha1.kusciaapi import appimage_pb2 as api
from kuscia.proto.api.v1alpha1.kusciaapi.appimage_pb2_grpc import AppImageServiceStub
from kuscia.proto.api.v1alpha1.kusciaapi.health_pb2 import HealthRequest
from kuscia.proto.api.v1alpha1.kusciaapi.health_pb2_grpc import HealthServiceStub

TIMEOUT_SECONDS = 30
NAME = "interop-python"


def connect(target: str, certs: Path, with_certificate: bool = True) -> grpc.Channel:
    """Opens a channel over TLS, mutual unless asked otherwise."""
    own = {
        "private_key": (certs / "client.key").read_bytes(),
        "certificate_chain": (certs / "client.crt").read_bytes(),
    }
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(certs / "ca.crt").read_bytes(), **(own if with_certificate else {})
    )
    return grpc.secure_channel(target, credentials)


def template(name: str) -> api.CreateAppImageRequest:
    """A request that uses every kind of field."""
    return api.CreateAppImageRequest(
        header={"custom_headers": {"origin": "interop"}},
        name=name,
        image={"name": "registry.example.com:5000/secretflow/app", "tag": "1.0.0"},
        config_templates={"app.conf": "task={{.TASK_ID}}\n", "$odd.名字": "值"},
        deploy_templates=[
            {
                "name": "server",
                "role": "server",
                "replicas": 2,
                "restart_policy": "Never",
                "containers": [
                    {
                        "name": "app",
                        "command": ["sh"],
                        "args": ["-c", "./app"],
                        "working_dir": "/work",
                        "config_volume_mounts": [{"mount_path": "/work/app.conf", "sub_path": "app.conf"}],
                        "ports": [{"name": "rpc", "protocol": "GRPC", "scope": "Cluster"}],
                        "env": [{"name": "MODE", "value": "fast"}],
                        "env_from": [{"prefix": "DB_", "secret_ref": {"name": "db"}}],
                        "resources": {
                            "limits": {"cpu": "2", "memory": "4Gi"},
                            "requests": {"cpu": "500m", "memory": "1Gi"},
                        },
                        "liveness_probe": {"grpc": {"port": 8080}, "period_seconds": 10},
                        "readiness_probe": {
                            "http_get": {"path": "/ready", "port": "rpc"},
                            "termination_grace_period_seconds": 1 << 40,
                        },
                        "image_pull_policy": "IfNotPresent",
                    }
                ],
            }
        ],
    )


class Checks:
    """Counts what held and prints what did not."""

    passed = 0
    failed = 0

    def check(self, what: str, ok: bool) -> None:
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED:", what)

    def code(self, what: str, status, wanted: int) -> None:
        self.check(f"{what}: code {wanted}, got {status.code} ({status.message})", status.code == wanted)

    def refused(self, what: str, call) -> None:
        try:
            call()
            self.check(f"{what} is refused", False)
        except grpc.RpcError as error:
            self.check(f"{what} is refused: {error.code()}", error.code() == grpc.StatusCode.UNAUTHENTICATED)


def violated_fields(status) -> set:
    """Unpacks the google.rpc.BadRequest in the details of a refused request."""
    bad = BadRequest()
    return {
        violation.field
        for detail in status.details
        if detail.Unpack(bad)
        for violation in bad.field_violations
    }


def main() -> int:
    target, certs = os.environ["INTEROP_TARGET"], Path(os.environ["INTEROP_CERTS_DIR"])
    token = (certs / "token").read_text().strip()
    checks = Checks()
    with connect(target, certs) as channel:
        images = AppImageServiceStub(channel)
        who = {"metadata": [("token", token)], "timeout": TIMEOUT_SECONDS}

        health = HealthServiceStub(channel).healthZ(HealthRequest(), **who)
        checks.check("healthZ says ready", health.data.ready)

        request = template(NAME)
        checks.code("create", images.CreateAppImage(request, **who).status, 0)
        checks.code("create of an existing name", images.CreateAppImage(request, **who).status, 13106)

        queried, call = images.QueryAppImage.with_call(api.QueryAppImageRequest(name=NAME), **who)
        checks.code("query", queried.status, 0)
        created = api.QueryAppImageResponseData(
            name=NAME,
            image=request.image,
            config_templates=request.config_templates,
            deploy_templates=request.deploy_templates,
        )
        checks.check("query returns what was created", queried.data == created)
        header = dict(call.initial_metadata())
        checks.check("query has an etag", "etag" in header)
        checks.check("query has a request id", "x-request-id" in header)

        batch = images.BatchQueryAppImage(api.BatchQueryAppImageRequest(names=[NAME, NAME]), **who)
        checks.code("batch query", batch.status, 0)
        checks.check("batch query returns both", len(batch.data) == 2)
        batch = images.BatchQueryAppImage(api.BatchQueryAppImageRequest(names=[NAME, "interop-none"]), **who)
        checks.code("batch query of a missing name", batch.status, 13105)

        listed = images.ListAppImage(api.ListAppImageRequest(page_size=1000), **who)
        checks.code("list", listed.status, 0)
        checks.check("list holds it", NAME in [image.name for image in listed.data.appimage_list])

        update = api.UpdateAppImageRequest(name=NAME, image={"name": request.image.name, "tag": "2.0.0"})

        def update_if_match(etag: str):
            metadata = [("token", token), ("if-match", etag)]
            return images.UpdateAppImage(update, metadata=metadata, timeout=TIMEOUT_SECONDS)

        checks.code("update with a stale if-match", update_if_match('"999999"').status, 13150)
        checks.code("update", update_if_match(header.get("etag", "")).status, 0)
        changed = images.QueryAppImage(api.QueryAppImageRequest(name=NAME), **who).data
        checks.check("update changed the tag", changed.image.tag == "2.0.0")
        checks.check("update kept the rest", changed.config_templates == request.config_templates)

        invalid = images.CreateAppImage(api.CreateAppImageRequest(name="Not_A_Label"), **who)
        checks.code("create of an invalid template", invalid.status, 11100)
        every_fault = {"name", "image", "deploy_templates"}
        checks.check("every fault is listed", every_fault <= violated_fields(invalid.status))

        query = api.QueryAppImageRequest(name=NAME)
        checks.refused("no token", lambda: images.QueryAppImage(query, timeout=TIMEOUT_SECONDS))
        wrong = [("token", "not-the-token-of-this-server")]
        checks.refused("a wrong token", lambda: images.QueryAppImage(query, metadata=wrong, timeout=TIMEOUT_SECONDS))
        with connect(target, certs, with_certificate=False) as anonymous:
            stub = AppImageServiceStub(anonymous)
            checks.refused("no client certificate", lambda: stub.QueryAppImage(query, **who))

        delete = api.DeleteAppImageRequest(name=NAME)
        checks.code("delete", images.DeleteAppImage(delete, **who).status, 0)
        checks.code("delete of a missing name", images.DeleteAppImage(delete, **who).status, 13105)
        checks.code("query of a missing name", images.QueryAppImage(query, **who).status, 13105)

    print(f"{checks.passed} checks passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
