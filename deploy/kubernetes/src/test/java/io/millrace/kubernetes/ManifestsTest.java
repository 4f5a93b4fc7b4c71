package io.millrace.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.provisioner.kubernetes.PipelineComponent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestsTest {

    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final Path FOLDER = HOME.resolve("deploy/kubernetes");
    private static final Path OBSERVABILITY = HOME.resolve("deploy/observability");
    private static final Map<String, ServiceFacts> SERVICES = ServiceFacts.read();
    private static final Schemas SCHEMAS = new Schemas(FOLDER.resolve("schemas"));
    private static final String REGION = "region-example";
    private static final String LOCAL = "local-example";
    private static final String EXTERNAL = "external-example";
    /** What runs once, before the services. */
    private static final List<String> JOBS = List.of("local-example/provision", "region-example/provision", "external-example/provision", "local-example/demo", "external-example/demo");
    private static final Map<String, Manifests> RENDERED = Stream.concat(Stream.of(REGION, LOCAL, EXTERNAL), JOBS.stream()).collect(Collectors.toMap(name -> name, ManifestsTest::render));
    private static final Map<String, List<Pipeline>> PIPELINES = Map.of(REGION, pipelines(REGION), LOCAL, pipelines(LOCAL), EXTERNAL, pipelines(EXTERNAL));
    private static final String METRICS = metrics();

    private static final List<String> ARROWS = List.of("capture-service -> postgres:5432", "capture-service -> kafka:9093", "capture-service -> registry:8080",
            "schema-registry-gate -> kafka:9093", "schema-registry-gate -> registry:8080", "denormalizer-service -> kafka:9093", "denormalizer-service -> registry:8080",
            "search-indexer -> kafka:9093", "search-indexer -> registry:8080", "search-indexer -> search:9200", "purge-service -> postgres:5432", "purge-service -> kafka:9093", "purge-service -> search:9200",
            "prometheus -> capture-service:18101", "prometheus -> schema-registry-gate:18102", "prometheus -> denormalizer-service:18103", "prometheus -> search-indexer:18104", "prometheus -> purge-service:18105",
            "operator -> capture-service:18101", "operator -> schema-registry-gate:18102", "operator -> purge-service:18105",
            "console -> capture-service:18101", "console -> schema-registry-gate:18102", "console -> denormalizer-service:18103", "console -> search-indexer:18104", "console -> purge-service:18105",
            "console -> postgres:5432", "console -> search:9200", "prometheus -> console:18106", "operator -> console:18106");
    private static final List<String> TRACES = List.of("capture-service -> telemetry:4317", "schema-registry-gate -> telemetry:4317", "denormalizer-service -> telemetry:4317",
            "search-indexer -> telemetry:4317", "purge-service -> telemetry:4317", "schema-registry-gate-http -> telemetry:4317", "purge-service-http -> telemetry:4317");
    /** With components/monitoring alone. */
    private static final List<String> CURVES = List.of("console -> prometheus:9090");
    private static final List<String> KNATIVE = List.of("schema-registry-gate-http -> kafka:9093", "schema-registry-gate-http -> registry:8080", "purge-service-http -> postgres:5432",
            "purge-service-http -> kafka:9093", "purge-service-http -> search:9200", "knative -> schema-registry-gate-http:8012", "knative -> purge-service-http:8012",
            // The queue-proxy tells the autoscaler how many requests there are.
            "knative -> schema-registry-gate-http:9090", "knative -> purge-service-http:9090");

    @ParameterizedTest
    @ValueSource(strings = {LOCAL, REGION, EXTERNAL})
    void everyObjectFitsTheSchemaOfItsKindAndEveryPolicyIsKept(String overlay) {
        assertEquals("", String.join("\n", complaints(overlay, rendered(overlay))));
    }

    static List<String> jobs() {
        return JOBS;
    }

    static Set<String> everyRendering() {
        return RENDERED.keySet();
    }

    @ParameterizedTest
    @MethodSource("jobs")
    void everyJobFitsItsSchemaAndIsHardened(String job) {
        assertEquals("", String.join("\n", complaintsOfJob(rendered(job))));
    }

    @Test
    void aJobThatMayDoMoreThanItNeedsIsComplainedOf() {
        var manifests = rendered(JOBS.getFirst());
        ((ObjectNode) Manifests.pod(object(manifests, "Job", "provision")).at("/securityContext")).put("runAsNonRoot", false);
        spec(manifests, "Job", "provision").put("patience", 1);
        var complaints = complaintsOfJob(manifests);
        for (var complaint : List.of("may run as root", "patience")) {
            assertTrue(complaints.stream().anyMatch(c -> c.contains(complaint)), () -> "expected a complaint of " + complaint + " among " + complaints);
        }
    }

    @Test
    void theLocalClusterFitsOnOneMachineOfFourCoresAndEightGibibytes() {
        var requests = Requests.of(rendered(LOCAL));
        assertTrue(requests.missing().isEmpty(), () -> "these say nothing of what they request: " + requests.missing());
        // What is left is for the cluster itself, its operators and a Job.
        assertTrue(requests.millicores() <= 2_000, () -> "requests of " + requests.millicores() + " thousandths of a core");
        assertTrue(requests.mebibytes() <= 6_400, () -> "requests of " + requests.mebibytes() + " MiB");
    }

    @ParameterizedTest
    @ValueSource(strings = {LOCAL, REGION, EXTERNAL})
    void whatFollowsFromThePipelineFilesIsAsTheCommandMakesIt(String overlay) throws IOException {
        var component = PipelineComponent.of(FOLDER.resolve("overlays").resolve(overlay));
        assertEquals(component.text(), Files.readString(component.path()), "./millrace manifests deploy/kubernetes/overlays/" + overlay + " makes it anew");
    }

    @Test
    void theNetworkPoliciesAllowExactlyTheArrowsOfTheDiagram() {
        assertEquals(new TreeSet<>(ARROWS), arrows(rendered(LOCAL)));
        assertEquals(new TreeSet<>(Stream.of(ARROWS, TRACES, KNATIVE, CURVES).flatMap(List::stream).toList()), arrows(rendered(REGION)));
    }

    @Test
    void serversOutsideOfTheClusterAreReachedByThoseThatReachThemInside() {
        var arrows = new TreeSet<String>();
        rendered(EXTERNAL).of("NetworkPolicy").filter(policy -> Manifests.name(policy).endsWith("-outside")).forEach(policy -> Manifests.list(policy.at("/spec/podSelector/matchExpressions/0/values")).forEach(pod ->
                arrows.add(pod.asText() + " -> " + Manifests.name(policy).replaceAll("^to-|-outside$", "") + ":" + policy.at("/spec/egress/0/ports/0/port").asText())));
        var inside = new TreeSet<>(ARROWS.stream().filter(arrow -> arrow.matches(".*> (postgres|kafka|registry|search):.*")).toList());
        inside.addAll(KNATIVE.stream().filter(arrow -> !arrow.startsWith("knative")).toList());
        inside.addAll(List.of("provisioner -> postgres:5432", "provisioner -> kafka:9093", "provisioner -> registry:8080", "provisioner -> search:9200", "demo -> postgres:5432"));
        assertEquals(inside, arrows);
    }

    @Test
    void loginsGoToServersOutsideByTlsOnly() {
        var region = rendered(EXTERNAL).of("ConfigMap").filter(map -> map.path("data").has("search")).findFirst().orElseThrow().path("data");
        var regions = rendered("external-example/provision").of("ConfigMap").map(map -> map.at("/data/regions.yaml").asText()).filter(text -> !text.isEmpty()).findFirst().orElseThrow();
        assertTrue(region.path("search").asText().startsWith("https://") && region.path("registry").asText().startsWith("https://"), region::toString);
        assertTrue(regions.contains("https://search") && regions.contains("https://registry") && !regions.contains("http://"), regions);
    }

    @Test
    void aServerOutsideOfTheClusterHasTheAddressesThatTheOverlaySays() throws IOException {
        var said = Files.readAllLines(FOLDER.resolve("overlays/external-example/servers/addresses.env")).stream().filter(line -> !line.startsWith("#")).collect(Collectors.toMap(line -> line.replaceAll("=.*", ""), line -> line.replaceAll(".*=", "")));
        var reached = rendered(EXTERNAL).of("NetworkPolicy").filter(policy -> Manifests.name(policy).endsWith("-outside"))
                .collect(Collectors.toMap(policy -> Manifests.name(policy).replaceAll("^to-|-outside$", ""), policy -> policy.at("/spec/egress/0/to/0/ipBlock/cidr").asText()));
        assertEquals(said, reached);
    }

    @Test
    void aPolicyThatIsMissingOrTooWideShowsInTheArrows() {
        var missing = rendered(LOCAL);
        missing.objects().removeIf(o -> Manifests.id(o).equals("NetworkPolicy/search-indexer"));
        assertTrue(arrows(missing).stream().noneMatch(a -> a.startsWith("search-indexer ->")), "nothing is allowed by default");
        missing.objects().removeIf(o -> Manifests.id(o).equals("NetworkPolicy/nothing-by-default") || Manifests.id(o).equals("NetworkPolicy/names"));
        assertTrue(arrows(missing).contains("search-indexer -> postgres:5432"), "everything is, where nothing says otherwise");
        var wide = rendered(LOCAL);
        ((ObjectNode) object(wide, "NetworkPolicy", "purge-service").at("/spec/egress/0")).remove("to");
        assertTrue(arrows(wide).contains("purge-service -> denormalizer-service:5432") || arrows(wide).contains("purge-service -> search:5432"), arrows(wide)::toString);
    }

    static Stream<Arguments> breakages() {
        return Stream.of(
                broken("a field that the schema does not have", "nonsense", m -> spec(m, "Deployment", "search-indexer").put("nonsense", 1)),
                broken("a number where a text belongs", "periodSeconds", m -> ((ObjectNode) container(m, "search-indexer").path("livenessProbe")).put("periodSeconds", "soon")),
                broken("a KEDA field that is misspelled", "minReplicas", m -> spec(m, "ScaledObject", "search-indexer").put("minReplicas", 1)),
                broken("a KEDA fallback that does not exist", "behavior", m -> ((ObjectNode) spec(m, "ScaledObject", "search-indexer").path("fallback")).put("behavior", "hope")),
                broken("a Knative field that is misspelled", "containerConcurency", m -> ((ObjectNode) knative(m, "purge-service-http").at("/spec/template/spec")).put("containerConcurency", 1)),
                broken("a rule without an expression", "expr", m -> ((ObjectNode) spec(m, "PrometheusRule", "millrace").at("/groups/0/rules/0")).remove("expr")),
                broken("a monitor's misspelled field", "endpoints", m -> spec(m, "PodMonitor", "millrace").put("endpoints", "x")),
                broken("a kind nobody knows", "no schema", m -> object(m, "ServiceAccount", "capture-service").put("kind", "Nonsense")),
                broken("the image of the day", "fixed version", m -> container(m, "search-indexer").put("image", "registry.example.com/millrace/search-indexer:latest")),
                broken("an image without a tag", "fixed version", m -> container(m, "search-indexer").put("image", "registry.example.com/millrace/search-indexer")),
                broken("root", "may run as root", m -> ((ObjectNode) Manifests.pod(object(m, "Deployment", "search-indexer")).path("securityContext")).put("runAsNonRoot", false)),
                broken("a writable root", "root file system", m -> ((ObjectNode) container(m, "search-indexer").path("securityContext")).put("readOnlyRootFilesystem", false)),
                broken("privileges", "gain privileges", m -> ((ObjectNode) container(m, "search-indexer").path("securityContext")).remove("allowPrivilegeEscalation")),
                broken("capabilities", "keeps capabilities", m -> ((ObjectNode) container(m, "search-indexer").path("securityContext")).remove("capabilities")),
                broken("no seccomp", "seccomp", m -> ((ObjectNode) Manifests.pod(object(m, "Deployment", "search-indexer")).path("securityContext")).remove("seccompProfile")),
                broken("a token", "token of the cluster", m -> ((ObjectNode) Manifests.pod(object(m, "Deployment", "search-indexer"))).put("automountServiceAccountToken", true)),
                broken("no requests", "requests no resources", m -> ((ObjectNode) container(m, "search-indexer").path("resources")).remove("requests")),
                broken("a key of another service", "does not know", m -> variable(m, "search-indexer", "MILLRACE_INDEXER_PIPELINES").put("name", "MILLRACE_GATE_PIPELINES")),
                broken("a key with a typing error", "MILLRACE_INDEXER_SERCH_URL, which", m -> variable(m, "search-indexer", "MILLRACE_INDEXER_SEARCH_URL").put("name", "MILLRACE_INDEXER_SERCH_URL")),
                broken("a needed key that is not set", "does not set millrace.indexer.pipelines", m -> variable(m, "search-indexer", "MILLRACE_INDEXER_PIPELINES").put("name", "MILLRACE_INDEXER_GROUP")),
                broken("no operator's token", "millrace.capture.token.file, so an operator's request is refused", m -> removeNamed(container(m, "capture-service").path("env"), "MILLRACE_CAPTURE_TOKEN_FILE")),
                broken("a reference of a pipeline that is not set", "does not set a variable that a pipeline refers to", m -> variable(m, "capture-service", "MILLRACE_SOURCE_USER").put("name", "MILLRACE_CAPTURE_SOURCE")),
                broken("a key that Kafka does not know", "kafka.ssl.keystore.folder", m -> kafkaFile(m).put("application.properties", "kafka.ssl.keystore.folder=/x")),
                broken("a config map that is not there", "which is not there", m -> ((ObjectNode) variable(m, "search-indexer", "KAFKA_BOOTSTRAP_SERVERS").at("/valueFrom/configMapKeyRef")).put("name", "regions")),
                broken("a key of a config map that is not there", "does not have", m -> ((ObjectNode) variable(m, "search-indexer", "KAFKA_BOOTSTRAP_SERVERS").at("/valueFrom/configMapKeyRef")).put("key", "kafkas")),
                broken("a secret nobody makes", "nobody is told to make", m -> ((ObjectNode) variable(m, "capture-service", "MILLRACE_SOURCE_URL").at("/valueFrom/secretKeyRef")).put("name", "sauce")),
                broken("another port", "opens another port", m -> ((ObjectNode) container(m, "search-indexer").at("/ports/0")).put("containerPort", 8080)),
                broken("a probe of the wrong path", "livenessProbe", m -> ((ObjectNode) container(m, "search-indexer").at("/livenessProbe/httpGet")).put("path", "/q/health/ready")),
                broken("an impatient start", "gives up a start", m -> ((ObjectNode) container(m, "search-indexer").path("startupProbe")).put("failureThreshold", 3)),
                broken("a short grace", "before it has drained", m -> ((ObjectNode) Manifests.pod(object(m, "Deployment", "schema-registry-gate"))).put("terminationGracePeriodSeconds", 20)),
                broken("no disruption budget", "disruption budget", m -> m.objects().removeIf(o -> Manifests.id(o).equals("PodDisruptionBudget/search-indexer"))),
                broken("a heap in the place of another variable", "where nothing is mounted", m -> variable(m, "search-indexer", "QUARKUS_CONFIG_LOCATIONS").put("value", "-Xmx160m")),
                broken("a port of any protocol", "without its protocol", m -> ((ObjectNode) spec(m, "NetworkPolicy", "search-indexer").at("/egress/0/ports/0")).remove("protocol")),
                broken("no memory limit", "has no memory limit", m -> ((ObjectNode) container(m, "search-indexer").at("/resources/limits")).remove("memory")),
                broken("no heap", "says no heap", m -> variable(m, "search-indexer", "JDK_JAVA_OPTIONS").put("value", "-XX:+ExitOnOutOfMemoryError")),
                broken("a heap as large as the limit", "the kernel kills it", m -> variable(m, "search-indexer", "JDK_JAVA_OPTIONS").put("value", "-Xmx4096m")),
                broken("no spread", "not spread", m -> ((ObjectNode) Manifests.pod(object(m, "Deployment", "search-indexer"))).remove("topologySpreadConstraints")),
                broken("a service that is missing", "no workload of purge-service", m -> m.objects().removeIf(o -> Manifests.id(o).equals("Deployment/purge-service"))),
                broken("two captures", "exactly one replica", m -> spec(m, "Deployment", "capture-service").put("replicas", 2)),
                broken("two captures for a moment", "Recreate", m -> ((ObjectNode) spec(m, "Deployment", "capture-service").path("strategy")).put("type", "RollingUpdate")),
                broken("capture scaled", "scales capture", m -> ((ObjectNode) spec(m, "ScaledObject", "purge-service").path("scaleTargetRef")).put("name", "capture-service")),
                broken("a scaled object of nothing", "which is not there", m -> ((ObjectNode) spec(m, "ScaledObject", "purge-service").path("scaleTargetRef")).put("name", "purger")),
                broken("more replicas than partitions", "more replicas than there are partitions", m -> spec(m, "ScaledObject", "search-indexer").put("maxReplicaCount", 5)),
                broken("state scaled to none", "stateful stage to none", m -> spec(m, "ScaledObject", "denormalizer-service").put("minReplicaCount", 0)),
                broken("another group", "looks at the groups", m -> trigger(m, "search-indexer").put("consumerGroup", "indexer")),
                broken("a pipeline's group that is not its", "looks at the groups", m -> trigger(m, "denormalizer-service").put("consumerGroup", "millrace-denormalizer-other")),
                broken("another reset", "offsetResetPolicy", m -> trigger(m, "search-indexer").put("offsetResetPolicy", "latest")),
                broken("lag left out", "lag that does not move", m -> trigger(m, "search-indexer").put("excludePersistentLag", "true")),
                broken("a name that KEDA's namespace does not know", "without its namespace", m -> trigger(m, "search-indexer").put("bootstrapServers", "millrace-kafka-bootstrap:9093")),
                broken("a second pipeline's trigger without its certificate", "does not authenticate", m -> ((ObjectNode) spec(m, "ScaledObject", "denormalizer-service").at("/triggers/1")).remove("authenticationRef")),
                broken("a trigger that speaks plainly to a listener of TLS", "in plain text", m -> trigger(m, "search-indexer").remove("tls")),
                broken("a Knative Service that speaks plainly to a listener of TLS", "in plain text", m -> removeNamed(knative(m, "purge-service-http").at("/spec/template/spec/containers/0/env"), "QUARKUS_CONFIG_LOCATIONS")),
                broken("a Knative Service without a folder for a JVM", "no /tmp", m -> removeNamed(knative(m, "purge-service-http").at("/spec/template/spec/containers/0/volumeMounts"), "tmp")),
                broken("no servers", "bootstrap servers", m -> trigger(m, "search-indexer").put("bootstrapServers", "kafka.invalid:9093")),
                broken("a fixed fallback", "when Kafka cannot be asked", m -> ((ObjectNode) spec(m, "ScaledObject", "search-indexer").path("fallback")).put("behavior", "static")),
                broken("the autoscaler's tolerance", "last replica", m -> ((ObjectNode) spec(m, "ScaledObject", "search-indexer").at("/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp")).put("tolerance", "0.1")),
                broken("replicas that KEDA does not own", "which is KEDA's", m -> spec(m, "Deployment", "search-indexer").put("replicas", 2)),
                broken("a service of nobody", "0 workloads", m -> ((ObjectNode) spec(m, "Service", "search-indexer").path("selector")).put("app.kubernetes.io/name", "nobody")),
                broken("a closed gate", "breaker is open", m -> spec(m, "Service", "schema-registry-gate").remove("publishNotReadyAddresses")),
                broken("a metric that nobody reports", "millrace_slot_kept_bytes", m -> ((ObjectNode) spec(m, "PrometheusRule", "millrace").at("/groups/0/rules/0")).put("expr", "millrace_slot_kept_bytes > 1")));
    }

    private static Arguments broken(String how, String complaint, Consumer<Manifests> breakage) {
        return Arguments.of(Named.of(how, breakage), complaint);
    }

    @ParameterizedTest
    @MethodSource("breakages")
    void aBrokenManifestIsComplainedOf(Consumer<Manifests> breakage, String complaint) {
        var manifests = rendered(REGION);
        breakage.accept(manifests);
        var complaints = complaints(REGION, manifests);
        assertTrue(complaints.stream().anyMatch(c -> c.contains(complaint)), () -> "expected a complaint with '" + complaint + "' among " + complaints);
    }

    @Test
    void aKafkaUserWithMoreThanItsStageNeedsIsComplainedOf() {
        var manifests = rendered(LOCAL);
        ((ArrayNode) object(manifests, "KafkaUser", "search-indexer").at("/spec/authorization/acls/0/operations")).add("Write");
        assertTrue(complaints(LOCAL, manifests).stream().anyMatch(c -> c.startsWith("KafkaUser/search-indexer: has the rights")));
    }

    @Test
    void aDependencyWithAFieldThatItsOperatorDoesNotHaveIsComplainedOf() {
        var manifests = rendered(LOCAL);
        spec(manifests, "Cluster", "source").put("instanses", 3);
        spec(manifests, "OpenTelemetryCollector", "telemetry").put("modus", "deployment");
        ((ObjectNode) spec(manifests, "Kafka", "millrace").at("/kafka/listeners/0")).put("tsl", true);
        ((ObjectNode) spec(manifests, "KafkaNodePool", "brokers").path("storage")).put("type", "tapes");
        var complaints = complaints(LOCAL, manifests);
        for (var field : List.of("instanses", "modus", "tsl", "tapes")) {
            assertTrue(complaints.stream().anyMatch(c -> c.contains(field)), () -> "expected a complaint of " + field + " among " + complaints);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service", "console"})
    void theBaseBuildsOnWhatTheServiceSaysAboutItself(String service) throws IOException {
        var built = folder(service).resolve("target/kubernetes/kubernetes.yml");
        var base = FOLDER.resolve("base").resolve(service).resolve("workload.yaml");
        Assumptions.assumeTrue(Files.exists(built), built + " is made by 'package' of the service, which has not run");
        assertEquals(Manifests.parse(Files.readString(built)), Manifests.parse(Files.readString(base)), () -> "The service changed: cp " + HOME.relativize(built) + " " + HOME.relativize(base) + " && deploy/kubernetes/render.sh");
    }

    @ParameterizedTest
    @ValueSource(strings = {"capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service"})
    void aServiceSendsSpansOnlyWhereItIsToldTo(String service) {
        var properties = SERVICES.get(service).properties();
        assertEquals("true", properties.getProperty("quarkus.otel.sdk.disabled"));
        assertTrue(properties.stringPropertyNames().stream().noneMatch(key -> key.contains("otlp")), "an address that nobody gave");
    }

    @ParameterizedTest
    @MethodSource("everyRendering")
    void whatIsRenderedIsOfTheSourcesAsTheyAre(String overlay) throws Exception {
        var hash = MessageDigest.getInstance("SHA-256");
        for (var file : sources(overlay.replaceAll("/.*", ""))) {
            hash.update((FOLDER.relativize(file) + "\n").getBytes());
            hash.update(Files.readAllBytes(file));
        }
        var first = Files.readString(rendering(overlay)).lines().findFirst().orElseThrow();
        assertTrue(first.endsWith(HexFormat.of().formatHex(hash.digest())), "The sources changed since they were rendered: run deploy/kubernetes/render.sh where kubectl is, and commit what it makes");
    }

    @Test
    void theClustersAlertsAreTheRulesThatAPrometheusAloneWouldRead() throws IOException {
        var rules = Manifests.parse(Files.readString(OBSERVABILITY.resolve("rules.yaml"))).objects().getFirst();
        assertTrue(rules.path("groups").size() > 3, "the file was read");
        assertEquals(rules, object(rendered(REGION), "PrometheusRule", "millrace").path("spec"), "deploy/kubernetes/render.sh makes the one from the other");
    }

    @ParameterizedTest
    @MethodSource("everyRendering")
    void kubectlRendersTheSame(String overlay) throws Exception {
        var kubectl = Stream.of(System.getenv("PATH").split(":")).map(p -> Path.of(p, "kubectl")).filter(Files::isExecutable).findFirst();
        Assumptions.assumeTrue(kubectl.isPresent(), "kubectl is not in the PATH; that the rendering is of these sources is known by its hash all the same");
        var process = new ProcessBuilder(kubectl.get().toString(), "kustomize", FOLDER.resolve("overlays").resolve(overlay).toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        var output = new String(process.getInputStream().readAllBytes());
        assertTrue(process.waitFor(1, TimeUnit.MINUTES) && process.exitValue() == 0, "kubectl kustomize ended with an error");
        assertEquals(new TreeSet<>(Manifests.parse(output).objects().stream().map(Object::toString).toList()), new TreeSet<>(rendered(overlay).objects().stream().map(Object::toString).toList()));
    }

    private static List<Path> sources(String overlay) throws IOException {
        var files = new ArrayList<Path>();
        for (var folder : List.of("base", "components", "dependencies", "provision", "demo", "overlays/" + overlay)) {
            try (var walk = Files.walk(FOLDER.resolve(folder))) {
                walk.filter(Files::isRegularFile).forEach(files::add);
            }
        }
        files.sort(java.util.Comparator.comparing(f -> FOLDER.relativize(f).toString()));
        return files;
    }

    private static Path rendering(String overlay) {
        return FOLDER.resolve("rendered").resolve(overlay.replace('/', '-') + ".yaml");
    }

    private static Manifests rendered(String overlay) {
        return RENDERED.get(overlay).copy();
    }

    private static Manifests render(String overlay) {
        try {
            return Manifests.parse(Files.readString(rendering(overlay)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> complaints(String overlay, Manifests manifests) {
        var complaints = new ArrayList<String>();
        manifests.objects().forEach(o -> SCHEMAS.complaints(o).forEach(complaints::add));
        complaints.addAll(new Policies(manifests, SERVICES, PIPELINES.get(overlay), METRICS).complaints());
        return complaints;
    }

    private static List<String> complaintsOfJob(Manifests manifests) {
        var complaints = new ArrayList<String>();
        manifests.objects().forEach(o -> SCHEMAS.complaints(o).forEach(complaints::add));
        complaints.addAll(new Policies(manifests, SERVICES, PIPELINES.get(REGION), METRICS).complaintsOfJobs());
        return complaints;
    }

    /** Read as the services read them, so that a file that they would refuse is refused here. */
    private static List<Pipeline> pipelines(String overlay) {
        return PipelineFiles.load(List.of(FOLDER.resolve("overlays").resolve(overlay).resolve("pipelines/files"))).stream().map(PipelineFile::pipeline).toList();
    }

    private static String metrics() {
        return Stream.concat(SERVICES.keySet().stream().map(ManifestsTest::folder), Stream.of(OBSERVABILITY)).map(folder -> folder.resolve("README.md")).map(f -> {
            try {
                return Files.readString(f);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }).reduce("", String::concat);
    }

    private static Path folder(String service) {
        return HOME.resolve(service.equals("console") ? "deploy/console" : service);
    }

    private static TreeSet<String> arrows(Manifests manifests) {
        var arrows = new Arrows(manifests);
        var pods = new ArrayList<>(arrows.services());
        Stream.of("postgres", "kafka", "registry", "search", "telemetry").map(Arrows::server).forEach(pods::add);
        pods.add(new Arrows.Pod("prometheus", Map.of("app.kubernetes.io/name", "prometheus"), Map.of("kubernetes.io/metadata.name", "monitoring")));
        pods.add(new Arrows.Pod("operator", Map.of("millrace.io/operator", "true"), Map.of("kubernetes.io/metadata.name", "platform")));
        pods.add(new Arrows.Pod("knative", Map.of("app", "activator"), Map.of("kubernetes.io/metadata.name", "knative-serving")));
        pods.add(new Arrows.Pod("stranger", Map.of("app", "shop"), Map.of("kubernetes.io/metadata.name", "shop")));
        var ours = pods.stream().filter(p -> arrows.services().contains(p)).map(Arrows.Pod::name).toList();
        var all = arrows.between(pods, List.of(5432, 9093, 8080, 9200, 4317, 9090, 18101, 18102, 18103, 18104, 18105, 18106, 8012));
        all.removeIf(a -> ours.stream().noneMatch(name -> a.startsWith(name + " ") || a.contains("> " + name + ":")));
        return all;
    }

    private static ObjectNode object(Manifests manifests, String kind, String name) {
        return manifests.of(kind).filter(o -> Manifests.name(o).equals(name)).filter(o -> !Manifests.isKnative(o)).findFirst().orElseThrow();
    }

    private static ObjectNode knative(Manifests manifests, String name) {
        return manifests.of("Service").filter(Manifests::isKnative).filter(o -> Manifests.name(o).equals(name)).findFirst().orElseThrow();
    }

    private static ObjectNode spec(Manifests manifests, String kind, String name) {
        return (ObjectNode) object(manifests, kind, name).path("spec");
    }

    private static ObjectNode container(Manifests manifests, String service) {
        return (ObjectNode) Manifests.pod(object(manifests, "Deployment", service)).at("/containers/0");
    }

    private static ObjectNode variable(Manifests manifests, String service, String name) {
        return (ObjectNode) Manifests.list(container(manifests, service).path("env")).stream().filter(e -> e.path("name").asText().equals(name)).findFirst().orElseThrow();
    }

    private static ObjectNode trigger(Manifests manifests, String name) {
        return (ObjectNode) spec(manifests, "ScaledObject", name).at("/triggers/0/metadata");
    }

    private static void removeNamed(JsonNode list, String name) {
        ((ArrayNode) list).removeIf(element -> element.path("name").asText().equals(name));
    }

    private static ObjectNode kafkaFile(Manifests manifests) {
        JsonNode map = manifests.of("ConfigMap").filter(m -> m.path("data").has("application.properties")).findFirst().orElseThrow();
        return (ObjectNode) map.path("data");
    }
}
