// Not exercised by our tests: there is no Android SDK where they run. It builds the aar and the APK on a machine that
// has one; see README.md beside it.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode.set(RepositoriesMode.FAIL_ON_PROJECT_REPOS)
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "taptill-android"

include(":taptill", ":app")
