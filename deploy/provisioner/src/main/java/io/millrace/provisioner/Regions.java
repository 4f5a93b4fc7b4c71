package io.millrace.provisioner;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.Region;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.source.SourceUser;
import java.net.URI;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Several regions at once: one that fails does not stop the others. */
public final class Regions {

    private final Map<String, Provisioner> provisioners = new LinkedHashMap<>();
    private final Map<String, ProvisioningException> unusable = new LinkedHashMap<>();

    /**
     * @param regions those to work on
     * @param files the pipelines of the regions that name none themselves
     * @param environment where references to variables are looked up
     * @throws io.millrace.pipeline.file.InvalidPipelineException when a region's own pipeline files cannot be used
     */
    public Regions(List<Region> regions, List<PipelineFile> files, Function<String, String> environment, boolean changeReplicaIdentity) {
        for (var region : regions) {
            try {
                provisioners.put(region.name(), provisioner(region, files, environment, changeReplicaIdentity));
            } catch (IllegalStateException e) {
                unusable.put(region.name(), new ProvisioningException("region " + region.name() + ": " + e.getMessage(), e));
            }
        }
    }

    private static Provisioner provisioner(Region region, List<PipelineFile> common, Function<String, String> environment, boolean changeReplicaIdentity) {
        var files = region.pipelines().isEmpty() ? common : PipelineFiles.load(region.pipelines());
        if (files.isEmpty()) {
            throw new IllegalStateException("no pipeline is named for it, neither in the regions file nor on the command line");
        }
        var admin = region.admin() == null ? null : new Admin(region.admin().user().resolve(environment), region.admin().password().resolve(environment));
        return new Provisioner(files, admin, targets(region, environment), variables(region, environment), new Options(region.usedColumnsOnly(), changeReplicaIdentity, roles(region, environment)));
    }

    private static Map<SourceUser, Login> roles(Region region, Function<String, String> environment) {
        var roles = new EnumMap<SourceUser, Login>(SourceUser.class);
        region.roles().forEach((user, login) -> roles.put(user, new Login(login.user().resolve(environment), login.password().resolve(environment))));
        return roles;
    }

    /** What the pipeline files' variables mean in a region; those that it does not name are the process's own. */
    static Function<String, String> variables(Region region, Function<String, String> environment) {
        return name -> {
            var reference = region.variables().get(name);
            return reference == null ? environment.apply(name) : reference.resolve(environment);
        };
    }

    private static Targets targets(Region region, Function<String, String> environment) {
        var kafka = new HashMap<String, String>();
        region.kafka().forEach((key, value) -> kafka.put(key, value.resolve(environment)));
        return new Targets(kafka, place(Server.REGISTRY, region.registry(), environment), place(Server.SEARCH, region.search(), environment), region.partitions(), (short) region.replication(), region.keeping(), region.principals(), region.registryPrincipals());
    }

    /** Null for none. */
    private static HttpPlace place(Server server, Region.HttpPlace place, Function<String, String> environment) {
        if (place == null) {
            return null;
        }
        var url = uri(place.url(), environment);
        var access = HttpAccess.of(server, url, place.access());
        return new HttpPlace(url, place.login() == null ? access : access.as(place.login().user().resolve(environment), () -> place.login().password().resolve(environment), "the regions file"));
    }

    private static URI uri(Reference reference, Function<String, String> environment) {
        var text = reference.resolve(environment);
        try {
            return URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("'" + text + "' is no address: " + e.getMessage(), e);
        }
    }

    /** @param <T> what came of it @param result null where it failed @param failure null where it did not */
    public record Outcome<T>(String region, T result, RuntimeException failure) {}

    /**
     * Does the same in every region, all at once. Regions that by mistake mean one database, or the same topics of one
     * Kafka, are refused before anything is done in them.
     */
    public <T> List<Outcome<T>> each(Function<Provisioner, T> work) {
        var claims = all(Provisioner::claims);
        var conflicts = conflicts(claims);
        return all(provisioner -> {
            var name = name(provisioner);
            if (conflicts.containsKey(name)) {
                throw new ProvisioningException(conflicts.get(name), null);
            }
            return work.apply(provisioner);
        });
    }

    /** As {@link #each}, also where regions stand in each other's way: for taking away what a mistake has made. */
    public <T> List<Outcome<T>> all(Function<Provisioner, T> work) {
        var results = new TreeMap<String, Future<T>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            provisioners.forEach((name, provisioner) -> results.put(name, threads.submit(() -> work.apply(provisioner))));
        }
        var outcomes = new ArrayList<Outcome<T>>();
        unusable.forEach((name, failure) -> outcomes.add(new Outcome<>(name, null, failure)));
        results.forEach((name, future) -> outcomes.add(outcome(name, future)));
        return outcomes;
    }

    private static <T> Outcome<T> outcome(String name, Future<T> future) {
        try {
            return new Outcome<>(name, future.get(), null);
        } catch (ExecutionException e) {
            return new Outcome<>(name, null, e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Outcome<>(name, null, new ProvisioningException("Working on the region " + name + " was interrupted", e));
        }
    }

    public String name(Provisioner provisioner) {
        return provisioners.entrySet().stream().filter(e -> e.getValue() == provisioner).map(Map.Entry::getKey).findFirst().orElseThrow();
    }

    private static Map<String, List<String>> conflicts(List<Outcome<Set<String>>> claims) {
        var owners = new TreeMap<String, List<String>>();
        claims.stream().filter(o -> o.result() != null).forEach(o -> o.result().forEach(claim -> owners.computeIfAbsent(claim, c -> new ArrayList<>()).add(o.region())));
        var conflicts = new TreeMap<String, List<String>>();
        owners.forEach((claim, regions) -> {
            if (regions.size() > 1) {
                regions.forEach(region -> conflicts.computeIfAbsent(region, r -> new ArrayList<>()).add("The regions " + String.join(" and ", regions) + " both mean " + claim
                        + ": each would change what the other made; correct the address in one of them, or give its pipelines names of their own"));
            }
        });
        return conflicts;
    }
}
