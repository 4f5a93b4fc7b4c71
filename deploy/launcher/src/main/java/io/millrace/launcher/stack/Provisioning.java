package io.millrace.launcher.stack;

import io.millrace.launcher.Output;
import io.millrace.local.Keyring;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.file.Keeping;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.provisioner.Admin;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.Options;
import io.millrace.provisioner.Provisioner;
import io.millrace.provisioner.Targets;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Lets the provisioner make what the pipelines need in this stack. */
public final class Provisioning {

    private static final short ONE_BROKER = 1;

    private Provisioning() {}

    /**
     * Holds the files against databases of the user's own, which needs no stack.
     *
     * @param options how far it may go
     * @throws io.millrace.provisioner.ProvisioningException with everything of them that stands in the way
     */
    public static void requireSources(List<PipelineFile> files, Options options) {
        new Provisioner(files, ownAdmin(), null, System::getenv, options).requireSources();
    }

    /** @throws io.millrace.provisioner.ProvisioningException with everything that stands in the way; then nothing was made */
    public static void apply(Stack stack, List<PipelineFile> files, Output output) {
        apply(stack, files, Options.NONE, step -> { }, output);
    }

    /**
     * @param options how far it may go
     * @param progress receives each step that was applied
     * @throws io.millrace.provisioner.ProvisioningException with everything that stands in the way, and then nothing was made; or with the step that failed
     */
    public static void apply(Stack stack, List<PipelineFile> files, Options options, Consumer<String> progress, Output output) {
        var applied = provisioner(stack, files, options).apply(progress);
        output.line(applied.isEmpty() ? "Provisioned already" : "Provisioned source, topics, registry and search engine: %d steps".formatted(applied.size()));
    }

    private static Provisioner provisioner(Stack stack, List<PipelineFile> files, Options options) {
        return new Provisioner(files, admin(stack), targets(stack), environment(stack), new Options(options.usedColumnsOnly(), options.changeReplicaIdentity(), stack.sourceRoles()));
    }

    /** Where the files' login to the source is looked up: capture's. */
    public static Function<String, String> environment(Stack stack) {
        var demo = stack.sourceEnvironment(Stage.CAPTURE);
        return name -> demo.getOrDefault(name, System.getenv(name));
    }

    private static Targets targets(Stack stack) {
        var servers = stack.servers();
        return servers.keyring().map(keyring -> secured(servers, keyring)).orElseGet(() -> new Targets(servers.kafkaAdmin(), open(Server.REGISTRY, servers.registryUrl()), open(Server.SEARCH, servers.searchUrl()), Targets.DEFAULT_PARTITIONS, ONE_BROKER, Keeping.DEFAULT, Map.of(), Map.of()));
    }

    private static HttpPlace open(Server server, String address) {
        var url = URI.create(address);
        return new HttpPlace(url, HttpAccess.of(server, url, Map.of()));
    }

    /** With the rights of each service, at each server. */
    private static Targets secured(LocalServers servers, Keyring keyring) {
        var principals = Arrays.stream(Stage.values()).filter(stage -> stage != Stage.CONSOLE).collect(Collectors.toMap(Stage::user, stage -> "User:" + stage.user()));
        var registryPrincipals = Arrays.stream(Stage.values()).filter(Stage::asksRegistry).collect(Collectors.toMap(Stage::user, Stage::user));
        return new Targets(servers.kafkaAdmin(), place(Server.REGISTRY, servers.registryUrl(), keyring), place(Server.SEARCH, servers.searchUrl(), keyring), Targets.DEFAULT_PARTITIONS, ONE_BROKER, Keeping.DEFAULT, principals, registryPrincipals);
    }

    private static HttpPlace place(Server server, String address, Keyring keyring) {
        var url = URI.create(address);
        return new HttpPlace(url, HttpAccess.of(server, url, Map.of("ca-file", keyring.authority().toString(), "user", Keyring.ADMIN, "password-file", keyring.passwordFile(Keyring.ADMIN).toString())));
    }

    /** In the demo the superuser; for a database of the user's own whoever the environment names, else the files' own role. */
    private static Admin admin(Stack stack) {
        if (stack.options().source() != null) {
            return new Admin(stack.servers().postgresUser(), stack.servers().postgresPassword());
        }
        return ownAdmin();
    }

    private static Admin ownAdmin() {
        var user = System.getenv("MILLRACE_ADMIN_USER");
        return user == null ? null : new Admin(user, System.getenv().getOrDefault("MILLRACE_ADMIN_PASSWORD", ""));
    }
}
