package io.millrace.provisioner.kubernetes;

import io.millrace.provisioner.ProvisioningException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** What a folder of an overlay comes to. */
record Rendered(List<Rendered.Item> items) {

    /** @param group without its version; empty for the core */
    record Item(String group, String kind, String name, String namespace) {

        boolean isKnative() {
            return group.equals("serving.knative.dev") && kind.equals("Service");
        }

        boolean isWorkload() {
            return group.equals("apps") && (kind.equals("Deployment") || kind.equals("StatefulSet"));
        }

        boolean isJob() {
            return group.equals("batch") && kind.equals("Job");
        }
    }

    /** @param folder where it is from, for complaints */
    static Rendered of(String yaml, Object folder) {
        var items = new ArrayList<Item>();
        try {
            for (var document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(yaml)) {
                if (document instanceof Map<?, ?> object && object.get("metadata") instanceof Map<?, ?> metadata) {
                    var version = String.valueOf(object.get("apiVersion"));
                    items.add(new Item(version.contains("/") ? version.substring(0, version.indexOf('/')) : "", String.valueOf(object.get("kind")), String.valueOf(metadata.get("name")),
                            metadata.get("namespace") == null ? "default" : String.valueOf(metadata.get("namespace"))));
                }
            }
        } catch (YAMLException e) {
            throw new ProvisioningException("What kubectl renders of " + folder + " cannot be read: " + e.getMessage(), e);
        }
        return new Rendered(List.copyOf(items));
    }

    /** The Job of the folder {@code provision}. */
    Item job(Object folder) {
        return items.stream().filter(Item::isJob).findFirst().orElseThrow(() -> new ProvisioningException("There is no Job in " + folder + ", where an overlay has its provisioner's; nothing was applied", null));
    }
}
