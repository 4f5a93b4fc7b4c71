package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** The commands that the script does by itself, since they build more than the launcher: here they are only listed, explained and completed. */
final class ScriptCommands {

    private ScriptCommands() {}

    private static LocalException outside(String command) {
        return new LocalException("'" + command + "' builds from the sources; run ./millrace " + command + " in the root of a checkout");
    }

    /** Container images. */
    @Command(name = "images", mixinStandardHelpOptions = true, customSynopsis = "./millrace images [--base IMAGE] [--tag TAG] [--repository NAME] [--try] [--patience SECONDS] [IMAGE...]",
            description = {"Builds everything, and makes a container image of each service, and one of the provisioner, as a tar in deploy/images/target. Needs no container engine.",
                "--try starts each image as it was made, with nothing else of this machine. --base names what the images stand on; 'scratch' takes this machine's C library."})
    static final class Images implements Callable<Integer> {

        @Override
        public Integer call() {
            throw outside("images");
        }
    }

    /** All tests. */
    @Command(name = "test", mixinStandardHelpOptions = true, customSynopsis = {"./millrace test [long] [MAVEN-OPTION...]", "./millrace test cluster --kubeconfig FILE --servers FILE [--kubectl PROGRAM] [--next TAG] [--keep] [MAVEN-OPTION...]"},
            description = {"Builds everything and runs every test, on real servers; the totals stand last. 'long': the suites that take too long for every build.",
                "'cluster': the manifests in a real cluster with KEDA, over servers outside of it; it takes the namespace 'millrace' and deletes it at the end, unless --keep is said.",
                "One class: ./millrace test -Dit.test=KillIT -Dtest=None -pl tests -am"})
    static final class Test implements Callable<Integer> {

        @Override
        public Integer call() {
            throw outside("test");
        }
    }
}
