"""Find the packages of each source root; everything else about the project is in setup.cfg."""

from setuptools import find_packages, setup

ROOTS = {"taskbahn": "components", "taskbahn_router": "router", "taskbahn_web": "web"}

setup(
    packages=[
        package for top, root in ROOTS.items() for package in (top, *(f"{top}.{sub}" for sub in find_packages(f"{root}/{top}")))
    ],
    package_dir={top: f"{root}/{top}" for top, root in ROOTS.items()},
    package_data={
        "": ["py.typed", "**/*.sql", "**/*.yaml", "**/*.json"],
        "taskbahn_router.node": ["endpoints/twisted/plugins/*.py"],
        "taskbahn_web": ["**/*.html", "static/**"],
    },
    include_package_data=False,
)
