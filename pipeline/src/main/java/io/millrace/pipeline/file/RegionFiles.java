package io.millrace.pipeline.file;

import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.source.SourceUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/** Reads a regions file and refuses what cannot be used, every problem at once. */
public final class RegionFiles {

    private static final int PARTITIONS = 4;
    private static final Duration SHORTEST = Duration.ofHours(1);
    private static final Pattern SECRET_NAME = Pattern.compile("(?i)password|secret|token$|^ssl\\.keystore\\.key$");
    private static final Pattern SECRET_TEXT = Pattern.compile("(?i)(password|secret)\\s*=");

    private final Yaml.Document document;
    private final Path folder;

    private RegionFiles(Path file) {
        this.document = new Yaml.Document(file);
        this.folder = file.toAbsolutePath().getParent();
    }

    /** @throws InvalidPipelineException with every problem */
    public static List<Region> load(Path file) {
        var reader = new RegionFiles(file);
        List<Region> regions = List.of();
        try {
            var yaml = Yaml.parse(reader.document, Files.readString(file));
            if (yaml != null) {
                regions = reader.regions(yaml);
            }
        } catch (IOException e) {
            reader.document.problem(0, "", "the regions file cannot be read: " + Unreadable.why(e));
        }
        if (regions.isEmpty() && reader.document.problems.isEmpty()) {
            reader.document.problem(1, "regions", "there is no region in it");
        }
        if (!reader.document.problems.isEmpty()) {
            throw new InvalidPipelineException(reader.document.problems);
        }
        return List.copyOf(regions);
    }

    private List<Region> regions(Yaml yaml) {
        var version = yaml.need("millrace");
        if (version != null && version.number(0) != 1) {
            version.problem("the version of this form is 1");
        }
        var regions = yaml.need("regions");
        var read = regions == null ? List.<Region>of() : regions.members(this::region);
        yaml.done();
        return read;
    }

    private Region region(String name, Yaml yaml) {
        if (!name.matches("[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")) {
            yaml.problem("the name of a region has lower-case letters, digits and hyphens, at most 40");
        }
        var pipelines = yaml.get("pipelines");
        var source = yaml.need("source");
        var variables = source == null ? null : source.get("variables");
        var admin = source == null ? null : source.get("admin");
        var roles = source == null ? null : source.get("roles");
        var publish = source == null ? null : source.get("columns");
        var kafka = yaml.need("kafka");
        var settings = kafka == null ? null : kafka.need("settings");
        var principals = kafka == null ? null : kafka.get("principals");
        int partitions = number(kafka, "partitions", PARTITIONS);
        int replication = number(kafka, "replication", 1);
        var keeping = keeping(kafka == null ? null : kafka.get("keep"));
        var registry = yaml.need("registry");
        var registryPrincipals = registry == null || isAddress(registry) ? null : registry.get("principals");
        var search = yaml.get("search");
        var region = new Region(name,
                pipelines == null ? List.of() : pipelines.elements(p -> folder.resolve(p.text())),
                references(variables), admin == null ? null : login(admin), roles == null ? Map.of() : roles(roles), publish != null && publish.oneOf(Columns.class, Columns.all) == Columns.used,
                references(settings), principals == null ? Map.of() : texts(principals), registry == null ? null : place(registry), registryPrincipals == null ? Map.of() : texts(registryPrincipals), search == null ? null : place(search), partitions, replication, keeping);
        if (settings != null && !region.kafka().containsKey("bootstrap.servers")) {
            settings.problem("the key 'bootstrap.servers' is missing");
        }
        for (var mapping : java.util.Arrays.asList(source, kafka)) {
            if (mapping != null) {
                mapping.done();
            }
        }
        yaml.done();
        return region;
    }

    private enum Columns { all, used }

    private Map<SourceUser, Region.Login> roles(Yaml yaml) {
        var roles = new EnumMap<SourceUser, Region.Login>(SourceUser.class);
        yaml.members((service, value) -> {
            var user = SourceUser.named(service).filter(known -> known != SourceUser.CAPTURE);
            var login = login(value);
            if (user.isEmpty()) {
                value.problem("'" + service + "' is no service that may come to the source as a role of its own; allowed: " + SourceUser.PURGE.service() + ", " + SourceUser.CONSOLE.service()
                        + " (" + SourceUser.CAPTURE.service() + " comes as the pipeline files' user, the others not at all)");
            } else if (login.user() != null && login.password() != null) {
                roles.put(user.get(), login);
            }
            return login;
        });
        return roles;
    }

    private static int number(Yaml yaml, String key, int otherwise) {
        var value = yaml == null ? null : yaml.get(key);
        int number = value == null ? otherwise : value.number(otherwise);
        if (number < 1) {
            value.problem("must be at least 1");
        }
        return number;
    }

    private static Keeping keeping(Yaml yaml) {
        if (yaml == null) {
            return Keeping.DEFAULT;
        }
        var keeping = new Keeping(kept(yaml, "captured", Keeping.DEFAULT.captured()), kept(yaml, "deletions", Keeping.DEFAULT.deletions()), kept(yaml, "refused", Keeping.DEFAULT.refused()));
        yaml.done();
        return keeping;
    }

    private static Duration kept(Yaml yaml, String key, Duration otherwise) {
        var value = yaml.get(key);
        if (value == null) {
            return otherwise;
        }
        var kept = value.duration(otherwise);
        if (kept.compareTo(SHORTEST) < 0) {
            value.problem("must be at least 1h: a stage that is started anew must not have missed anything");
        }
        return kept;
    }

    /** Or where it is found. */
    private static boolean isAddress(Yaml yaml) {
        return yaml.isText() || yaml.holdsOnly("env") || yaml.holdsOnly("file") || yaml.holdsOnly("secret");
    }

    private Region.HttpPlace place(Yaml yaml) {
        if (isAddress(yaml)) {
            return new Region.HttpPlace(reference(yaml), null, Map.of());
        }
        var url = yaml.need("url");
        var user = yaml.get("user");
        var password = yaml.get("password");
        var access = new HashMap<String, String>();
        for (var key : HttpAccess.KEYS) {
            var value = yaml.get(key);
            if (value != null && !key.equals("user")) {
                access.put(key, key.endsWith("-file") ? folder.resolve(value.text()).toString() : value.text());
            }
        }
        yaml.done();
        if (user == null ? password != null : (password == null) == !access.containsKey("password-file")) {
            yaml.problem("'user' goes together with either 'password' or 'password-file'");
        } else if (user != null && password == null) {
            access.put("user", user.text());
        }
        return new Region.HttpPlace(reference(url), user == null || password == null ? null : new Region.Login(reference(user), secret(password)), access);
    }

    private Region.Login login(Yaml yaml) {
        var user = yaml.need("user");
        var password = yaml.need("password");
        yaml.done();
        return new Region.Login(reference(user), password == null ? null : secret(password));
    }

    private SequencedMap<String, Reference> references(Yaml yaml) {
        var references = new LinkedHashMap<String, Reference>();
        if (yaml != null) {
            yaml.members((key, value) -> references.put(key, holdsASecret(key, value) ? secret(value) : reference(value)));
        }
        return references;
    }

    /** Whether a setting is a secret: by its name, or because a login's text has one in it, as that of a JAAS module does. */
    private static boolean holdsASecret(String key, Yaml value) {
        return SECRET_NAME.matcher(key).find() || value.isText() && SECRET_TEXT.matcher(value.text()).find();
    }

    private Map<String, String> texts(Yaml yaml) {
        var texts = new HashMap<String, String>();
        yaml.members((key, value) -> texts.put(key, value.text()));
        return texts;
    }

    private Reference reference(Yaml yaml) {
        return yaml == null ? null : yaml.isText() ? new Reference.Literal(yaml.text()) : secret(yaml);
    }

    /** A secret is referred to and never written down here. */
    private Reference secret(Yaml yaml) {
        var secret = yaml.get("secret");
        if (secret == null) {
            return PipelineReader.reference(yaml, folder, false);
        }
        var namespace = secret.need("namespace");
        var name = secret.need("name");
        var key = secret.need("key");
        secret.done();
        yaml.done();
        return namespace == null || name == null || key == null ? null : new KubernetesSecret(namespace.text(), name.text(), key.text());
    }
}
