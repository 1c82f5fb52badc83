"""One Open vSwitch of our own: database and switch, in a folder and a namespace of the lab.

Knows how Open vSwitch is started and told what to do; the system's own service is neither needed
nor touched.  All bridges are of the userspace datapath (`netdev`), so no kernel module is needed.
"""

from pathlib import Path

from tests.lab.processes import Namespace, Processes, run

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class OpenVSwitch:
    """ovsdb-server and ovs-vswitchd, running until the lab ends."""

    def __init__(self, processes: Processes, namespace: Namespace, folder: Path) -> None:
        folder.mkdir()
        self._environment = {
            name: str(folder)
            for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")
        }
        self._database = f"unix:{folder}/db.sock"
        self._control = folder / "vswitchd.ctl"
        database_file = folder / "conf.db"
        run(["ovsdb-tool", "create", str(database_file), SCHEMA], env=self._environment)
        database = processes.start(
            [
                "ovsdb-server",
                str(database_file),
                f"--remote=punix:{folder}/db.sock",
                f"--unixctl={folder}/ovsdb.ctl",
            ],
            env=self._environment,
        )
        database.wait_until_ready((folder / "db.sock").exists)
        # Its socket is there a moment before it listens.
        patient = ("--retry", "--timeout=20", "--no-wait")
        run(["ovs-vsctl", f"--db={self._database}", *patient, "init"], env=self._environment)
        switch = processes.start(
            namespace.inside(
                "ovs-vswitchd",
                self._database,
                f"--unixctl={self._control}",
            ),
            env=self._environment,
        )
        switch.wait_until_ready(self._control.exists)

    def configure(self, *commands: str) -> None:
        """One ovs-vsctl transaction of several commands, waited for until the switch has done
        it.
        """
        words = [word for command in commands for word in ("--", *command.split())]
        run(["ovs-vsctl", f"--db={self._database}", "--timeout=20", *words], env=self._environment)

    def flows(self, bridge: str, *flows: str) -> None:
        """Replace all flows of a bridge."""
        run(
            ["ovs-ofctl", "replace-flows", bridge, "-"],
            stdin="\n".join(flows) + "\n",
            env=self._environment,
        )

    def control(self, *command: str) -> str:
        """Ask the running switch something."""
        return run(["ovs-appctl", "-t", str(self._control), *command], env=self._environment)
