package io.millrace.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.provisioner.Targets;
import io.millrace.provisioner.topic.StageRights;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** What manifests must keep to, beyond their schemas: hardening, and agreement with the services as they are built. */
final class Policies {

    /** Made by people, by the Kafka operator for its users, and for the cluster; not part of an overlay. */
    private static final Set<String> SECRETS_FROM_OUTSIDE = Set.of("source", "source-purge-service", "source-console", "operator-token", "figures-token", "search", "millrace-cluster-ca-cert", "scaler",
            "provisioner", "source-superuser", "source-app");
    /** Quarkus's own keys that manifests set; those of a service's application.properties may be set as well. */
    private static final Set<String> QUARKUS_KEYS = Set.of("quarkus.config.locations", "quarkus.otel.sdk.disabled", "quarkus.otel.exporter.otlp.endpoint");
    private static final String OPERATOR_TOKEN = ".token.file";
    private static final int STREAMS_CLOSING_SECONDS = 20;
    private static final Pattern METRIC = Pattern.compile("\\bmillrace_[a-z_]+");

    private final Manifests manifests;
    private final Map<String, ServiceFacts> services;
    private final List<Pipeline> pipelines;
    private final String metricsKnown;
    private final List<String> complaints = new ArrayList<>();

    /**
     * @param pipelines those of the overlay
     * @param metricsKnown text in which every metric of the services is named
     */
    Policies(Manifests manifests, Map<String, ServiceFacts> services, List<Pipeline> pipelines, String metricsKnown) {
        this.manifests = manifests;
        this.services = services;
        this.pipelines = pipelines;
        this.metricsKnown = metricsKnown;
    }

    List<String> complaints() {
        manifests.templates().forEach(workload -> {
            hardened(workload);
            images(workload);
            environment(workload);
            references(workload);
        });
        manifests.workloads().forEach(workload -> {
            probes(workload);
            heap(workload);
            grace(workload);
            disruption(workload);
        });
        everyServiceIsThere();
        capture();
        kafkaFiles();
        kafkaCertificates();
        scaledObjects();
        servicesSelectPods();
        kafkaUsers();
        protocols();
        monitoring();
        return complaints;
    }

    /** Of manifests that hold nothing but Jobs and what those need. */
    List<String> complaintsOfJobs() {
        require(manifests.of("Job").count() == 1, manifests.objects().getFirst(), "stands beside no Job, or several");
        manifests.of("Job").forEach(job -> {
            hardened(job);
            references(job);
            require(job.path("spec").has("activeDeadlineSeconds"), job, "may run for ever");
            require(manifests.of("NetworkPolicy").anyMatch(p -> Manifests.texts(job.at("/spec/template/metadata/labels")).entrySet().containsAll(Manifests.texts(p.at("/spec/podSelector/matchLabels")).entrySet())), job, "may reach everything");
        });
        return complaints;
    }

    private void require(boolean holds, JsonNode object, String complaint) {
        if (!holds) {
            complaints.add(Manifests.id(object) + ": " + complaint);
        }
    }

    private void hardened(JsonNode workload) {
        var pod = Manifests.pod(workload);
        require(pod.path("automountServiceAccountToken").isBoolean() && !pod.path("automountServiceAccountToken").asBoolean(), workload, "mounts a token of the cluster that it does not need");
        for (var container : pod.path("containers")) {
            var own = container.path("securityContext");
            var shared = pod.path("securityContext");
            require(own.path("runAsNonRoot").asBoolean(shared.path("runAsNonRoot").asBoolean()), workload, "may run as root");
            require(own.path("runAsUser").asInt(shared.path("runAsUser").asInt()) > 0, workload, "runs as user 0");
            require(own.path("readOnlyRootFilesystem").asBoolean(), workload, "may write to its root file system");
            require(Manifests.list(container.path("volumeMounts")).stream().anyMatch(m -> m.path("mountPath").asText().equals("/tmp")), workload, "has a root file system that is read-only and no /tmp, where a JVM writes");
            require(own.has("allowPrivilegeEscalation") && !own.path("allowPrivilegeEscalation").asBoolean(), workload, "may gain privileges");
            require(own.at("/capabilities/drop/0").asText().equals("ALL"), workload, "keeps capabilities");
            require(Stream.of(own, shared).anyMatch(c -> c.at("/seccompProfile/type").asText().equals("RuntimeDefault")), workload, "has no seccomp profile");
            require(container.at("/resources/requests").has("cpu") && container.at("/resources/requests").has("memory"), workload, "requests no resources");
            require(container.at("/resources/limits/memory").asText().equals(container.at("/resources/requests/memory").asText()), workload, "has another memory limit than request, so it may be evicted for what it was promised");
        }
    }

    private void images(JsonNode workload) {
        for (var container : Manifests.pod(workload).path("containers")) {
            var image = container.path("image").asText();
            var tag = image.contains("@") ? "digest" : image.substring(image.lastIndexOf('/') + 1).contains(":") ? image.substring(image.lastIndexOf(':') + 1) : "";
            require(!tag.isEmpty() && !tag.equals("latest"), workload, "runs the image " + image + " without a fixed version");
            require(services.containsKey(container.path("name").asText()) && image.contains("/" + container.path("name").asText()), workload, "runs an image " + image + " that is no service of ours");
        }
    }

    private void environment(JsonNode workload) {
        var service = services.get(Manifests.service(workload));
        if (service == null) {
            return;
        }
        var variables = new HashSet<String>();
        for (var variable : Manifests.pod(workload).at("/containers/0/env")) {
            var name = variable.path("name").asText();
            require(variables.add(name), workload, "sets " + name + " twice");
            require(isKnown(name, service), workload, "sets " + name + ", which " + service.name() + " does not know");
        }
        service.keys().forEach((key, standard) -> require(standard != null || variables.contains(ServiceFacts.variable(key)), workload, "does not set " + key + ", which has no default"));
        service.keys().keySet().stream().filter(key -> key.endsWith(OPERATOR_TOKEN)).forEach(key -> require(variables.contains(ServiceFacts.variable(key)), workload,
                "does not set " + key + ", so an operator's request is refused"));
        if (Set.of("capture-service", "purge-service", "console").contains(service.name())) {
            var needed = pipelines.stream().flatMap(p -> Stream.of(p.source().url(), p.source().user(), p.source().password())).map(Object::toString).toList();
            for (var reference : needed) {
                var name = Pattern.compile("\\b[A-Z][A-Z0-9_]+\\b").matcher(reference);
                require(!name.find() || variables.contains(name.group()), workload, "does not set a variable that a pipeline refers to: " + reference);
            }
        }
    }

    private boolean isKnown(String variable, ServiceFacts service) {
        var known = new HashSet<String>();
        service.keys().keySet().forEach(key -> known.add(ServiceFacts.variable(key)));
        service.properties().stringPropertyNames().forEach(key -> known.add(ServiceFacts.variable(key)));
        QUARKUS_KEYS.forEach(key -> known.add(ServiceFacts.variable(key)));
        known.add(ServiceFacts.variable("millrace.http.names"));
        known.add(ServiceFacts.variable("millrace.http.figures-token-file"));
        for (var server : Server.values()) {
            var address = server.prefix().replace("millrace.", "").replace(".", "-url");
            if (server == Server.SERVICES ? service.name().equals("console") : service.keys().keySet().stream().anyMatch(key -> key.endsWith(address))) {
                HttpAccess.KEYS.forEach(key -> known.add(ServiceFacts.variable(server.prefix() + key)));
            }
        }
        service.properties().stringPropertyNames().stream().filter(key -> key.startsWith("mp.messaging.") && key.endsWith(".connector"))
                .forEach(key -> known.add(ServiceFacts.variable(key.replace(".connector", ".enabled"))));
        var referredTo = manifests.of("ConfigMap").map(Object::toString).reduce("", String::concat);
        return known.contains(variable) || variable.equals("JDK_JAVA_OPTIONS") || variable.equals("KUBERNETES_NAMESPACE")
                || Pattern.compile("(\\{env: |\\$\\{)" + variable + "\\}").matcher(referredTo).find();
    }

    private void references(JsonNode workload) {
        var pod = Manifests.pod(workload);
        for (var variable : pod.at("/containers/0/env")) {
            var map = variable.at("/valueFrom/configMapKeyRef");
            if (!map.isMissingNode()) {
                var found = manifests.find("ConfigMap", map.path("name").asText());
                require(found.isPresent(), workload, "takes " + variable.path("name").asText() + " from the config map " + map.path("name").asText() + ", which is not there");
                found.ifPresent(m -> require(m.path("data").has(map.path("key").asText()), workload, "takes " + variable.path("name").asText() + " from a key that " + Manifests.id(m) + " does not have"));
            }
            var secret = variable.at("/valueFrom/secretKeyRef");
            if (!secret.isMissingNode()) {
                secret(workload, secret.path("name").asText());
            }
        }
        pod.findValues("configMap").forEach(m -> require(manifests.find("ConfigMap", m.path("name").asText()).isPresent(), workload, "mounts the config map " + m.path("name").asText() + ", which is not there"));
        pod.findValues("secret").forEach(s -> secret(workload, s.path("secretName").asText(s.path("name").asText())));
        var account = pod.path("serviceAccountName").asText();
        require(manifests.find("ServiceAccount", account).isPresent(), workload, "runs as the service account " + account + ", which is not there");
        var volumes = new TreeSet<String>();
        pod.path("volumes").forEach(v -> volumes.add(v.path("name").asText()));
        workload.at("/spec/volumeClaimTemplates").forEach(v -> volumes.add(Manifests.name(v)));
        pod.at("/containers/0/volumeMounts").forEach(m -> require(volumes.contains(m.path("name").asText()), workload, "mounts a volume that is not there: " + m.path("name").asText()));
    }

    private void secret(JsonNode workload, String name) {
        require(SECRETS_FROM_OUTSIDE.contains(name) || services.containsKey(name), workload, "takes a secret that nobody is told to make: " + name);
    }

    private void probes(JsonNode workload) {
        var service = services.get(Manifests.service(workload));
        if (service == null) {
            return;
        }
        var container = Manifests.pod(workload).at("/containers/0");
        require(container.at("/ports/0/containerPort").asInt() == service.port(), workload, "opens another port than the service's " + service.port());
        Map.of("startupProbe", "/q/health/started", "livenessProbe", "/q/health/live", "readinessProbe", "/q/health/ready").forEach((probe, path) -> {
            var call = container.path(probe).path("httpGet");
            require(call.path("path").asText().equals(path) && call.path("port").asInt() == service.port(), workload, "has a " + probe + " that does not ask " + path + " at port " + service.port());
        });
        int patience = container.at("/startupProbe/periodSeconds").asInt() * container.at("/startupProbe/failureThreshold").asInt();
        require(patience >= 60, workload, "gives up a start after " + patience + " s");
    }

    /** Beside its heap a JVM needs memory for code, threads and buffers. */
    private void heap(JsonNode workload) {
        var options = value(workload, "JDK_JAVA_OPTIONS");
        var heap = Pattern.compile("-Xmx(\\d+)m\\b").matcher(options);
        if (!heap.find()) {
            require(false, workload, "says no heap in JDK_JAVA_OPTIONS, but '" + options + "'");
            return;
        }
        var given = Manifests.pod(workload).at("/containers/0/resources/limits/memory");
        if (given.isMissingNode()) {
            require(false, workload, "has no memory limit");
            return;
        }
        long limit = Requests.memory(given.asText());
        require(Long.parseLong(heap.group(1)) * 3 <= limit * 2, workload, "has a heap of " + heap.group(1) + " MiB within a limit of " + limit + " MiB, so the kernel kills it before it collects");
    }

    /** A pod that is killed while it drains does its last work twice, and leaves its partitions unowned. */
    private void grace(JsonNode workload) {
        var service = services.get(Manifests.service(workload));
        if (service == null) {
            return;
        }
        long drain = Stream.of("quarkus.shutdown.timeout", "millrace.gate.drain-timeout", "millrace.indexer.drain-timeout").map(service::value).filter(v -> v != null)
                .mapToLong(v -> Long.parseLong(v.replaceAll("[sS]$", ""))).max().orElse(0);
        drain = service.name().equals("denormalizer-service") ? STREAMS_CLOSING_SECONDS : drain;
        require(Manifests.pod(workload).path("terminationGracePeriodSeconds").asLong() >= drain + 10, workload, "is killed before it has drained, which takes up to " + drain + " s");
    }

    private void disruption(JsonNode workload) {
        var labels = Manifests.texts(workload.at("/spec/template/metadata/labels"));
        require(manifests.of("PodDisruptionBudget").anyMatch(b -> labels.entrySet().containsAll(Manifests.texts(b.at("/spec/selector/matchLabels")).entrySet())), workload, "has no disruption budget");
        require(Manifests.service(workload).equals("capture-service") || Manifests.pod(workload).path("topologySpreadConstraints").size() >= 2, workload, "is not spread over zones and nodes");
    }

    private void everyServiceIsThere() {
        services.keySet().stream().filter(s -> manifests.workloads().stream().noneMatch(w -> Manifests.service(w).equals(s))).forEach(s -> complaints.add("There is no workload of " + s));
    }

    private void capture() {
        manifests.workloads().stream().filter(w -> Manifests.service(w).equals("capture-service")).forEach(w -> {
            require(w.at("/spec/replicas").asInt() == 1, w, "has not exactly one replica, and the slot lets one in");
            require(w.at("/spec/strategy/type").asText().equals("Recreate"), w, "is not replaced by Recreate");
        });
    }

    /** Where there is a user for Kafka, nobody comes without one: not a workload, not a Knative Service. */
    private void kafkaCertificates() {
        if (manifests.find("TriggerAuthentication", "kafka").isEmpty() && manifests.of("KafkaUser").findAny().isEmpty()) {
            return;
        }
        manifests.templates().stream().filter(w -> has(w, "QUARKUS_CONFIG_LOCATIONS")).forEach(w -> require(Manifests.list(Manifests.pod(w).at("/containers/0/volumeMounts")).stream()
                .anyMatch(m -> value(w, "QUARKUS_CONFIG_LOCATIONS").startsWith(m.path("mountPath").asText() + "/")), w, "reads settings at " + value(w, "QUARKUS_CONFIG_LOCATIONS") + ", where nothing is mounted"));
        manifests.templates().stream().filter(w -> has(w, "KAFKA_BOOTSTRAP_SERVERS")).forEach(w -> require(has(w, "QUARKUS_CONFIG_LOCATIONS") && has(w, "MILLRACE_KAFKA_KEYSTORE_PASSWORD"), w, "comes to Kafka in plain text, and its listener speaks only TLS"));
    }

    private static boolean has(JsonNode workload, String variable) {
        return Manifests.list(Manifests.pod(workload).at("/containers/0/env")).stream().anyMatch(v -> v.path("name").asText().equals(variable));
    }

    private static String value(JsonNode workload, String variable) {
        return Manifests.list(Manifests.pod(workload).at("/containers/0/env")).stream().filter(v -> v.path("name").asText().equals(variable)).map(v -> v.path("value").asText()).findFirst().orElse("");
    }

    /** The files that Quarkus reads beside its own. */
    private void kafkaFiles() {
        manifests.of("ConfigMap").filter(m -> m.path("data").has("application.properties")).forEach(map -> {
            var properties = new Properties();
            try {
                properties.load(new StringReader(map.at("/data/application.properties").asText()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            properties.stringPropertyNames().forEach(key -> require(key.startsWith("kafka.") && ConsumerConfig.configNames().contains(key.substring("kafka.".length())), map,
                    "sets " + key + ", which Kafka's clients do not know"));
        });
    }

    private void scaledObjects() {
        for (var scaled : manifests.of("ScaledObject").toList()) {
            var name = scaled.at("/spec/scaleTargetRef/name").asText();
            var target = manifests.find(scaled.at("/spec/scaleTargetRef/kind").asText("Deployment"), name);
            require(target.isPresent(), scaled, "scales " + name + ", which is not there");
            require(!name.equals("capture-service"), scaled, "scales capture, and the slot lets one in");
            target.ifPresent(t -> require(!t.path("spec").has("replicas"), t, "says how many replicas, which is KEDA's"));
            require(scaled.at("/spec/maxReplicaCount").asInt() <= Targets.DEFAULT_PARTITIONS, scaled, "may start more replicas than there are partitions, " + Targets.DEFAULT_PARTITIONS);
            require(!name.equals("denormalizer-service") || scaled.at("/spec/minReplicaCount").asInt() >= 1, scaled, "may scale the stateful stage to none");
            require(scaled.at("/spec/fallback/behavior").asText().equals("currentReplicasIfHigher"), scaled, "scales in when Kafka cannot be asked");
            require(scaled.at("/spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp/tolerance").asText().equals("0"), scaled, "never starts its last replica, for want of tolerance 0");
            if (services.containsKey(name) && !name.equals("capture-service")) {
                triggers(scaled, services.get(name));
            }
        }
    }

    private void triggers(JsonNode scaled, ServiceFacts service) {
        var groups = new TreeSet<String>();
        for (var trigger : scaled.at("/spec/triggers")) {
            var kafka = trigger.path("metadata");
            groups.add(kafka.path("consumerGroup").asText());
            require(kafka.path("offsetResetPolicy").asText().equals("earliest"), scaled, "has another offsetResetPolicy than the consumer, earliest");
            require(!kafka.path("excludePersistentLag").asBoolean(), scaled, "leaves out lag that does not move");
            require(Long.parseLong(kafka.path("lagThreshold").asText("0")) > 0, scaled, "has no lagThreshold");
            var servers = kafka.path("bootstrapServers").asText();
            require(!servers.contains("invalid"), scaled, "has no bootstrap servers; the overlay gives them");
            require(Stream.of(servers.split(",")).allMatch(server -> server.replaceAll(":\\d+$", "").contains(".")), scaled, "names " + servers + " without its namespace, and KEDA asks from another one");
            if (manifests.find("TriggerAuthentication", "kafka").isPresent()) {
                require(trigger.at("/authenticationRef/name").asText().equals("kafka"), scaled, "has a trigger for " + kafka.path("consumerGroup").asText() + " that does not authenticate");
                require(kafka.path("tls").asText().equals("enable"), scaled, "has a trigger for " + kafka.path("consumerGroup").asText() + " that asks Kafka in plain text");
            }
            require(kafka.path("version").asText().compareTo("3.6.0") >= 0, scaled, "asks Kafka in an old protocol");
            require(scaled.at("/spec/minReplicaCount").asInt() == 0 || !kafka.path("scaleToZeroOnInvalidOffset").asBoolean(), scaled, "waits for offsets though it never sleeps");
        }
        var expected = service.name().equals("denormalizer-service")
                ? new TreeSet<>(pipelines.stream().map(p -> "millrace-denormalizer-" + p.name()).toList())
                : new TreeSet<>(List.of(service.value(group(service))));
        require(groups.equals(expected), scaled, "looks at the groups " + groups + " and the service has " + expected);
        var reset = service.properties().stringPropertyNames().stream().filter(k -> k.endsWith(".auto.offset.reset")).map(service.properties()::getProperty).findFirst().orElse("earliest");
        require(reset.equals("earliest"), scaled, "mirrors earliest, and the service starts at " + reset);
    }

    private static String group(ServiceFacts service) {
        return service.keys().keySet().stream().filter(k -> k.matches("millrace\\.[a-z]+\\.group")).findFirst()
                .orElseThrow(() -> new IllegalStateException(service.name() + " has no key for its consumer group"));
    }

    private void servicesSelectPods() {
        manifests.of("Service").filter(s -> !Manifests.isKnative(s)).forEach(service -> {
            var selector = Manifests.texts(service.at("/spec/selector"));
            var selected = manifests.workloads().stream().filter(w -> Manifests.texts(w.at("/spec/template/metadata/labels")).entrySet().containsAll(selector.entrySet())).toList();
            require(selected.size() == 1 && !selector.isEmpty(), service, "selects the pods of " + selected.size() + " workloads");
            selected.forEach(w -> require(service.at("/spec/ports/0/targetPort").asInt() == Manifests.pod(w).at("/containers/0/ports/0/containerPort").asInt(), service, "leads to a port that " + Manifests.id(w) + " does not open"));
        });
        manifests.find("Service", "schema-registry-gate").ifPresent(s -> require(s.at("/spec/publishNotReadyAddresses").asBoolean(), s, "cannot be reached while its breaker is open"));
    }

    /** The users may do what the provisioner would let them do. */
    private void kafkaUsers() {
        manifests.of("KafkaUser").filter(user -> StageRights.SERVICES.containsKey(Manifests.name(user))).forEach(user -> {
            var given = new TreeSet<String>();
            user.at("/spec/authorization/acls").forEach(acl -> acl.path("operations").forEach(operation -> given.add(acl.at("/resource/type").asText() + " " + acl.at("/resource/name").asText() + "* "
                    + operation.asText().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(java.util.Locale.ROOT))));
            var expected = new TreeSet<String>();
            StageRights.SERVICES.get(Manifests.name(user)).forEach(right -> right.operations().forEach(operation ->
                    expected.add(right.pattern().resourceType().name().toLowerCase(java.util.Locale.ROOT) + " " + right.pattern().name() + "* " + operation)));
            require(given.equals(expected), user, "has the rights " + given + " in Kafka and its stage needs " + expected);
        });
    }

    /** Of a port without its protocol kubectl thinks each time that it was changed, since the server has filled it in. */
    private void protocols() {
        manifests.of("NetworkPolicy").forEach(policy -> policy.findValues("ports").forEach(ports -> ports.forEach(port -> require(port.has("protocol"), policy, "names port " + port.path("port").asText() + " without its protocol"))));
    }

    private void monitoring() {
        manifests.of("PrometheusRule").forEach(rule -> rule.findValuesAsText("expr").forEach(expression -> METRIC.matcher(expression).results().map(r -> r.group())
                .forEach(metric -> require(metricsKnown.contains(metric), rule, "asks for " + metric + ", which no service reports"))));
        manifests.of("PodMonitor").forEach(monitor -> require(monitor.at("/spec/podMetricsEndpoints/0/path").asText().equals("/q/metrics")
                && manifests.workloads().stream().allMatch(w -> Manifests.pod(w).at("/containers/0/ports/0/name").equals(monitor.at("/spec/podMetricsEndpoints/0/port"))), monitor, "scrapes what the services do not serve"));
    }
}
