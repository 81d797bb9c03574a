"""Apache Kafka as one process: broker and KRaft controller, on loopback, without any other machine."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from services.embedded.errors import StartError
from services.embedded.folder import DataFolder
from services.embedded.jars import checked_jars
from services.embedded.java import Java, find_java
from services.embedded.ports import LOOPBACK, keep_or_choose
from services.embedded.process import ServerProcess, child_environment
from services.embedded.ready import kafka_answers, wait_until

MEMORY = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC"]
FORMAT_SECONDS = 120
HOURS_KEPT = 30 * 24
# Longer than any holiday: Kafka forgets the position of a group that was away for longer.
POSITION_MINUTES_KEPT = 365 * 24 * 60


class Kafka:
    def __init__(self, folder: DataFolder, say: Callable[[str], None]) -> None:
        self.process = ServerProcess("kafka", folder, say)
        self._folder = folder
        self._home = folder.path / "kafka"
        self._say = say
        self._jars: list[Path] = []
        self._java: Java | None = None
        self.port = 0

    def prepare(self) -> None:
        self._java = find_java(self._say)
        self._jars = checked_jars(self._say)
        self.process.stop_left_over()
        ports = self._folder.recall("kafka.ports.json")
        self.port = keep_or_choose("Kafka", ports.get("broker"), self._say)
        controller_port = keep_or_choose("Kafka's controller", ports.get("controller"), self._say)
        self._folder.note("kafka.ports.json", {"broker": self.port, "controller": controller_port})
        self._write_properties(controller_port)

    def launch(self) -> None:
        self.process.rotate_log()
        if not (self._home / "data" / "meta.properties").exists():
            self._format()
        self.process.launch(self._command("kafka.Kafka", "server.properties"), self._home)

    def await_ready(self) -> None:
        wait_until(lambda: kafka_answers(self.port), self.process)

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def _write_properties(self, controller_port: int) -> None:
        temporary = self._home / "tmp"
        self._home.mkdir(exist_ok=True, mode=0o700)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        text = "".join(f"{name}={value}\n" for name, value in properties(self.port, controller_port).items())
        (self._home / "server.properties").write_text(text, encoding="ascii")

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ["format", f"--cluster-id={cluster_id}", "--config=server.properties", "--ignore-formatted"]
        with self.process.log.open("ab") as log:
            done = subprocess.run(
                self._command("kafka.tools.StorageTool", *arguments),
                cwd=self._home,
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=FORMAT_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise StartError("Kafka's data folder could not be prepared.", self.process.log_excerpt())

    def _command(self, main_class: str, *arguments: str) -> list[str]:
        assert self._java is not None, "prepare() comes first"
        class_path = ":".join(str(jar) for jar in self._jars)
        options = [
            "-XX:-UsePerfData",
            "-Djava.net.preferIPv4Stack=true",
            f"-Djava.io.tmpdir={self._home / 'tmp'}",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        ]
        return [str(self._java.path), *MEMORY, *options, "-cp", class_path, main_class, *arguments]


def properties(broker_port: int, controller_port: int) -> dict[str, object]:
    """Paths are relative to the working folder: a list of folders can't hold a comma, nor this file's
    encoding a Vietnamese letter. The voters are static, because a port noted in the data (as
    `format --standalone` does) could not change later."""
    listeners = f"PLAINTEXT://{LOOPBACK}:{broker_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"{listeners},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": listeners,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": "data",
        "log.retention.hours": HOURS_KEPT,
        "offsets.retention.minutes": POSITION_MINUTES_KEPT,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        **dict.fromkeys(ONE_BROKER, 1),
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.num.partitions": 4,
    }


ONE_BROKER = (
    "default.replication.factor",
    "min.insync.replicas",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
)
