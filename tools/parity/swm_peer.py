"""stable-worldmodel's own modules, without what its packages import around them: simulators, training code, Lance."""

import importlib
import importlib.util
import os
import sys
import types


def enter(*packages):
    """Makes packages known without running them, so that modules below them load. The package above comes first."""
    for name in packages:
        above, _, own = name.rpartition(".")
        module = types.ModuleType(name)
        module.__path__ = ([os.path.join(place, own) for place in sys.modules[above].__path__] if above else
                           list(importlib.util.find_spec(name).submodule_search_locations))
        sys.modules[name] = module
        if above:
            setattr(sys.modules[above], own, module)


def swm(module):
    """The module of that name below stable_worldmodel."""
    return importlib.import_module(f"stable_worldmodel.{module}")


def enter_networks():
    """Enters the packages of load_pretrained and returns that function; stable_worldmodel.data was entered before."""
    enter("stable_worldmodel.wm", "stable_pretraining", "stable_pretraining.backbone")
    for name in ("get_cache_dir", "ensure_dir_exists"):
        setattr(sys.modules["stable_worldmodel.data"], name, getattr(swm("data.utils"), name))
    return swm("wm.utils").load_pretrained
