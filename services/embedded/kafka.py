"""Apache Kafka on loopback: a process is broker and KRaft controller, alone unless it joins others."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from services.embedded.errors import StartError
from services.embedded.folder import DataFolder
from services.embedded.jars import checked_jars
from services.embedded.java import Java, find_java
from services.embedded.kafka_properties import KafkaNode, properties
from services.embedded.ports import LOOPBACK, keep_or_choose
from services.embedded.process import ServerProcess, child_environment
from services.embedded.ready import kafka_answers, wait_until

HEAP_MB = 512
FORMAT_SECONDS = 120


class Kafka:
    """`prepare`, `launch`, `await_ready`; a node of several also `join`s them, after all are prepared."""

    def __init__(
        self, folder: DataFolder, say: Callable[[str], None], *, node_id: int = 1, heap_mb: int = HEAP_MB
    ) -> None:
        self.process = ServerProcess("kafka", folder, say)
        self.node = KafkaNode(node_id)
        self._folder = folder
        self._home = folder.path / "kafka"
        self._say = say
        self._heap_mb = heap_mb
        self._jars: list[Path] = []
        self._java: Java | None = None
        self._cluster_id = ""
        self._nodes: Sequence[KafkaNode] = ()

    def prepare(self) -> None:
        self._java = find_java(self._say)
        self._jars = checked_jars(self._say)
        self.process.stop_left_over()
        ports = self._folder.recall("kafka.ports.json")
        broker_port = keep_or_choose("Kafka", ports.get("broker"), self._say)
        controller_port = keep_or_choose("Kafka's controller", ports.get("controller"), self._say)
        self._folder.note("kafka.ports.json", {"broker": broker_port, "controller": controller_port})
        self.node = KafkaNode(self.node.id, broker_port, controller_port)
        self.join([self.node], new_cluster_id())

    def join(self, nodes: Sequence[KafkaNode], cluster_id: str) -> None:
        """The nodes of its cluster, itself among them. The id counts only where the data folder is still empty."""
        self._nodes, self._cluster_id = nodes, cluster_id
        self._write_properties()

    def launch(self) -> None:
        self.process.rotate_log()
        if not (self.data / "meta.properties").exists():
            self._format()
        self.process.launch(self._command("kafka.Kafka", "server.properties"), self._home)

    def await_ready(self) -> None:
        wait_until(lambda: kafka_answers(self.node.broker_port, brokers=len(self._nodes)), self.process)

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.node.broker_port}"

    @property
    def data(self) -> Path:
        """Where its partitions are."""
        return self._home / "data"

    def _write_properties(self) -> None:
        temporary = self._home / "tmp"
        self._home.mkdir(exist_ok=True, mode=0o700)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        text = "".join(f"{name}={value}\n" for name, value in properties(self.node, self._nodes).items())
        (self._home / "server.properties").write_text(text, encoding="ascii")

    def _format(self) -> None:
        arguments = ["format", f"--cluster-id={self._cluster_id}", "--config=server.properties", "--ignore-formatted"]
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
            f"-Xms{self._heap_mb // 2}m",
            f"-Xmx{self._heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Djava.net.preferIPv4Stack=true",
            f"-Djava.io.tmpdir={self._home / 'tmp'}",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        ]
        return [str(self._java.path), *options, "-cp", class_path, main_class, *arguments]


def new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
